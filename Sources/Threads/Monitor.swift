import Glibc

/// A value that threads share and can wait on: a mutex with a condition variable.
///
/// `@unchecked Sendable` is safe: the value is accessed only while the mutex is locked.
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

    /// Changes the value and wakes all waiting threads.
    @inlinable
    package func update(_ body: (inout Value) -> Void) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        body(&value)
        pthread_cond_broadcast(changed)
    }

    /// Calls `body`, which may change the value, until it returns a result, and then wakes all other waiting threads.
    /// `body` is called again after every update; a call that returns nil must not change the value.
    @inlinable
    package func update<Result>(when body: (inout Value) -> Result?) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&value) {
                pthread_cond_broadcast(changed)
                return result
            }
            pthread_cond_wait(changed, mutex)
        }
    }
}
