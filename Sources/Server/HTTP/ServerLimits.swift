/// Bounds on what clients may ask for and how long they may take.
public struct ServerLimits: Sendable {
    /// Connections at a time; as many more are answered with 503, any others closed.
    public var connections = 256
    /// Bytes of a request's headers, and of one of them.
    public var headerBytes = 16 << 10
    /// Headers of a request.
    public var headers = 64
    /// Bytes of a request's body.
    public var bodyBytes = 8 << 20
    /// Seconds from the start of a connection, or the end of a response, to the end of the next request's headers.
    public var idleSeconds = 60
    /// Seconds from a request's headers to the end of its body.
    public var bodySeconds = 30
    /// Seconds that a client may take to receive a part of a response.
    public var sendSeconds = 60
    /// Seconds that a client that is refused may take to send a request, or to close its connection after the answer.
    public var refusalSeconds = 5
    /// Characters of a prompt.
    public var promptCharacters = 2000
    /// Images of one request.
    public var images = 64
    /// Frames of one walk.
    public var frames = 120
    /// Width and height in pixels of images that are resized.
    public var side = 1024
    /// Images that wait; further requests are answered with 429.
    public var queue = 1024

    /// The limits that the command uses.
    public init() {}
}
