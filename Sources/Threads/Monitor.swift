import Glibc

/// A value that threads share and wait for.
///
/// Safe to share although the compiler cannot see it: the value is reached under the mutex alone.
package final class Monitor<Value: Sendable>: @unchecked Sendable {
    @usableFromInline package var value: Value
    @usableFromInline package let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    @usableFromInline package let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init(_ value: Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Changes the value and wakes the threads that wait.
    @inlinable
    package func update(_ body: (inout Value) -> Void) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        body(&value)
        pthread_cond_broadcast(changed)
    }

    /// Waits until `body`, which may change the value, returns an answer, and then wakes the other threads that wait. `body`
    /// is called again after every update; a call that returns nil must not change the value.
    @inlinable
    package func update<Answer>(when body: (inout Value) -> Answer?) -> Answer {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let answer = body(&value) {
                pthread_cond_broadcast(changed)
                return answer
            }
            pthread_cond_wait(changed, mutex)
        }
    }
}
