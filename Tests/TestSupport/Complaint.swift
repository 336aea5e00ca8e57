import Basics

/// The one line with which `body` fails, or nil where it does not.
public func complaint(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as any ClassifiedError {
        return error.description
    } catch {
        return "not a ClassifiedError: \(error)"
    }
}
