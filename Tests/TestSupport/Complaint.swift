import Basics

/// The one-line error that `body` throws; nil if it throws none.
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

/// The same as a text to look for words in; a note if `body` throws no error.
public func message(of body: () throws -> Void) -> String { complaint(body) ?? "no error" }
