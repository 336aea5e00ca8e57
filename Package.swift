// swift-tools-version: 6.3
import PackageDescription

// Modules are listed lowest first (docs/architecture.md). Dependencies point down only.
// Warnings are errors in .ci/run, not in a user's build: a newer compiler or dependency may warn of more.
let warnings: [SwiftSetting] =
    Context.environment["LIMN_WARNINGS_ARE_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)]
let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")] + warnings

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name + "Tests", dependencies: dependencies, resources: resources, swiftSettings: strict)
}

/// A program as users of the library write it: without access to what is not public.
func example(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: "example-" + name.lowercased(), dependencies: dependencies, path: "Examples/" + name,
        packageAccess: false, swiftSettings: strict)
}

let package = Package(
    name: "Limn",
    products: [
        .executable(name: "limn", targets: ["limn"]),
        .executable(name: "limn-server", targets: ["limn-server"]),
        .library(
            name: "Limn",
            targets: [
                "Basics", "Files", "RandomStreams", "Graphs", "Execution", "CPUBackend", "Layers", "Tokenizers",
                "Images", "Corpora", "Networks", "Checkpoints", "Models", "Inference", "Export", "Evaluation",
                "Training", "Tasks",
            ]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        // Only limn-server is built with it.
        .package(url: "https://github.com/apple/swift-nio", from: "2.100.0"),
    ],
    targets: [
        // Foreign code.
        .systemLibrary(name: "COpenBLAS", path: "Sources/C/COpenBLAS"),
        .systemLibrary(name: "CUTF8Proc", path: "Sources/C/CUTF8Proc"),
        .systemLibrary(name: "CZlib", path: "Sources/C/CZlib"),
        .target(name: "CProcessor", path: "Sources/C/CProcessor"),
        .target(
            name: "CImageCodecs", dependencies: ["CProcessor"], path: "Sources/C/CImageCodecs",
            linkerSettings: [.linkedLibrary("png"), .linkedLibrary("dl"), .linkedLibrary("m")]),
        .target(name: "CMPI", path: "Sources/C/CMPI", linkerSettings: [.linkedLibrary("dl")]),
        .target(
            name: "COneDNN", dependencies: ["CProcessor"], path: "Sources/C/COneDNN",
            linkerSettings: [.linkedLibrary("dl")]),
        .target(
            name: "CKernels", dependencies: ["CProcessor"], path: "Sources/C/CKernels",
            linkerSettings: [.linkedLibrary("openblas"), .linkedLibrary("m"), .linkedLibrary("pthread")]),

        // Small shared modules.
        module("Basics", []),
        module("Files", ["Basics"]),
        module("JSON", ["Basics"]),
        module("Threads", []),
        module("Compression", ["CZlib"]),
        module("RandomStreams", ["Basics"]),

        // The engine.
        module("Graphs", []),
        module("Execution", ["Basics", "Graphs"]),
        module("CPUBackend", ["Graphs", "Execution", "COpenBLAS", "COneDNN", "CKernels", "CProcessor"]),
        module("MPIRanks", ["Basics", "Execution", "Threads", "CMPI"]),
        module("Layers", ["Basics", "Graphs", "Execution", "RandomStreams"]),

        // Data.
        module("Tokenizers", ["Basics", "Files", "JSON", "Compression", "CUTF8Proc"]),
        module("Images", ["Basics", "Files", "RandomStreams", "CImageCodecs", "CUTF8Proc", "CZlib"]),
        module(
            "Corpora",
            ["Basics", "Files", "JSON", "Threads", "Compression", "RandomStreams", "Tokenizers", "Images"]),

        // Models and inference.
        module("Networks", ["Basics", "Graphs", "Execution", "Layers", "Tokenizers"]),
        module("Checkpoints", ["Basics", "Files", "JSON"]),
        module(
            "Models",
            ["Basics", "Files", "JSON", "Graphs", "Layers", "Networks", "Tokenizers", "Images", "Checkpoints"]),
        module(
            "Inference",
            [
                "Basics", "JSON", "Graphs", "Execution", "Layers", "Networks", "Models", "Tokenizers", "Images",
                "Checkpoints", "RandomStreams", "Threads",
            ]),
        module("Export", ["Files", "Graphs", "Layers", "Networks", "Models", "Inference", "Tokenizers"]),
        module(
            "Evaluation",
            [
                "Basics", "Graphs", "Execution", "Layers", "Networks", "Images", "Corpora", "Models", "Inference",
                "RandomStreams", "COpenBLAS",
            ]),

        // Training.
        module(
            "Training", ["Basics", "Files", "Graphs", "Execution", "Layers", "Checkpoints", "RandomStreams"]),
        module(
            "Tasks",
            [
                "Basics", "Files", "JSON", "Graphs", "Execution", "Layers", "Networks", "Tokenizers", "Images",
                "Corpora", "Checkpoints", "Models", "Inference", "Evaluation", "Training", "RandomStreams", "Threads",
                .product(name: "Yams", package: "Yams"),
            ]),

        // The server.
        .target(
            name: "CPages", path: "Sources/C/CPages", exclude: ["playground.html", "dashboard.html", "openapi.json"]),
        module(
            "Server",
            [
                "Basics", "Files", "JSON", "Images", "Checkpoints", "Inference", "Tasks", "CPages",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),

        // The command; `limn serve` starts limn-server.
        module(
            "CommandSupport",
            [
                "Basics", "Files", "Execution", "CPUBackend", "MPIRanks", "CProcessor", "Training",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "limn",
            dependencies: [
                "Basics", "Files", "JSON", "Training", "Tasks", "Evaluation", "Models", "Inference", "Export",
                "Corpora", "Tokenizers", "Images", "CommandSupport", "Execution", "Networks", "Layers", "Checkpoints",
                "Threads",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "limn-server",
            dependencies: [
                "Basics", "Files", "CommandSupport", "Execution", "Layers", "Models", "Inference", "Training", "Server",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "limn-bench",
            dependencies: [
                "Training", "Tasks", "Corpora", "Execution", "CPUBackend", "Graphs", "Networks", "Layers",
                "Checkpoints", "RandomStreams", "Models", "Inference", "Tokenizers", "Images", "CProcessor",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Benchmarks/Driver", swiftSettings: strict),

        // Programs with the library, whose code is also in Sources/Inference/Documentation.docc. As targets of this package they are
        // built with it in seconds; a package of their own would compile all of Limn again.
        example("Generate", ["CPUBackend", "Files", "Images", "Inference", "Models"]),
        example("Train", ["CPUBackend", "Corpora", "Tasks"]),
        example("Network", ["CPUBackend", "Corpora", "Execution", "Graphs", "Layers", "RandomStreams"]),

        // What several test targets share: temporary folders, failing disks, gzip data, damaged files.
        .target(
            name: "TestSupport", dependencies: ["Basics", "Execution", "Files", "RandomStreams", "Threads", "CZlib"],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        .target(
            name: "TinyModels", dependencies: ["CPUBackend", "Graphs", "Layers", "Models", "Networks", "Tokenizers"],
            path: "Tests/TinyModels", swiftSettings: strict),
        tests("RandomStreams", ["RandomStreams"]),
        tests("Threads", ["Threads"]),
        tests("Files", ["Files", "TestSupport"]),
        tests("JSON", ["JSON"]),
        tests("Compression", ["Compression", "RandomStreams", "TestSupport"]),
        tests(
            "Images", ["Images", "RandomStreams", "TestSupport"], resources: [.copy("PngSuite"), .copy("Reference")]),
        tests("Tokenizers", ["Tokenizers", "TestSupport"], resources: [.copy("Golden")]),
        tests(
            "Corpora", ["Corpora", "Compression", "Images", "RandomStreams", "TestSupport"],
            resources: [.copy("Golden")]),
        tests("Checkpoints", ["Checkpoints", "Files", "TestSupport"]),
        tests("Graphs", ["Graphs", "Execution", "CPUBackend"]),
        tests("Execution", ["Execution", "CPUBackend", "Graphs", "CKernels", "CProcessor", "RandomStreams"]),
        tests("Conformance", ["Graphs", "Execution", "CPUBackend", "RandomStreams"]),
        tests("Layers", ["Layers", "Graphs", "Execution", "CPUBackend", "RandomStreams"]),
        tests(
            "Networks",
            [
                "Graphs", "Networks", "Layers", "Execution", "CPUBackend", "RandomStreams", "Models", "Checkpoints",
            ],
            resources: [.copy("Golden")]),
        tests(
            "Training",
            ["Training", "Checkpoints", "Execution", "CPUBackend", "Graphs", "Layers", "TestSupport"]),
        tests(
            "Tasks",
            [
                "Training", "Tasks", "Corpora", "Checkpoints", "Models", "Inference", "Networks", "Layers", "Graphs",
                "Execution", "CPUBackend", "Images", "RandomStreams", "TestSupport",
            ]),
        tests("Evaluation", ["Evaluation", "Corpora", "Images", "RandomStreams", "TestSupport"]),
        tests(
            "Inference",
            [
                "Models", "Inference", "Networks", "Layers", "Tokenizers", "Images", "Graphs", "Execution",
                "CPUBackend", "RandomStreams", "Checkpoints", "TestSupport", "TinyModels",
            ],
            resources: [.copy("Encoders"), .copy("Golden")]),
        tests(
            "Export",
            [
                "Basics", "Files", "Export", "Models", "Inference", "Networks", "Layers", "Graphs", "Execution",
                "CPUBackend", "Tokenizers", "RandomStreams", "TestSupport",
            ]),
        tests(
            "Server",
            [
                "Server", "Inference", "CPUBackend", "Images", "JSON", "Checkpoints", "Threads", "TestSupport",
                "TinyModels",
            ]),
        tests(
            "Command",
            [
                "Images", "Networks", "Layers", "Graphs", "CProcessor", "Checkpoints", "Models", "TestSupport",
                "TinyModels",
            ]),
    ]
)
