// swift-tools-version: 6.2
import PackageDescription

/// Rooms of the house, lowest first; `docs/architecture.md` draws them.
/// Arrows point down only: a room may name those listed in its dependencies and nothing else.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name + "Tests", dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "Limn",
    products: [
        .executable(name: "limn", targets: ["limn"]),
        .library(
            name: "Limn",
            targets: [
                "RandomStreams", "Graphs", "Execution", "Layers", "Language", "Images", "Corpora", "Networks",
                "Checkpoints", "Training", "Evaluation", "Synthesis",
            ]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    ],
    targets: [
        // Everything foreign.
        .systemLibrary(name: "COpenBLAS", path: "Sources/C/COpenBLAS"),
        .systemLibrary(name: "CUTF8Proc", path: "Sources/C/CUTF8Proc"),
        .systemLibrary(name: "CZlib", path: "Sources/C/CZlib"),
        .target(
            name: "CImageCodecs", path: "Sources/C/CImageCodecs",
            linkerSettings: [.linkedLibrary("png"), .linkedLibrary("dl"), .linkedLibrary("m")]),
        .target(name: "COneDNN", path: "Sources/C/COneDNN", linkerSettings: [.linkedLibrary("dl")]),
        .target(
            name: "CKernels", path: "Sources/C/CKernels",
            linkerSettings: [.linkedLibrary("openblas"), .linkedLibrary("m"), .linkedLibrary("pthread")]),

        // The engine.
        room("RandomStreams", []),
        room("Graphs", []),
        room("Execution", ["Graphs", "COpenBLAS", "COneDNN", "CKernels"]),
        room("Layers", ["Graphs", "Execution", "RandomStreams"]),

        // Data.
        room("Compression", ["CZlib"]),
        room("Language", ["CUTF8Proc", "Compression"]),
        room("Images", ["CImageCodecs"]),
        room("Corpora", ["Compression", "Language", "Images", "RandomStreams"]),

        // The subject.
        room("Networks", ["Graphs", "Layers", "Language"]),
        room("Checkpoints", []),
        room(
            "Training",
            [
                "Evaluation", "Graphs", "Execution", "Layers", "Networks", "Language", "Images", "Corpora",
                "Checkpoints", "Synthesis", "RandomStreams", "CKernels", .product(name: "Yams", package: "Yams"),
            ]),
        room(
            "Evaluation",
            [
                "Graphs", "Execution", "Layers", "Networks", "Language", "Images", "Corpora", "Checkpoints",
                "Synthesis",
                "RandomStreams", "COpenBLAS",
            ]),
        room(
            "Synthesis",
            ["Graphs", "Execution", "Layers", "Networks", "Language", "Images", "Checkpoints", "RandomStreams"]),
        .executableTarget(
            name: "limn",
            dependencies: [
                "Training", "Evaluation", "Synthesis", "Corpora", "Language", "Images", "Execution", "Networks",
                "Layers",
                "Checkpoints",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "limn-bench",
            dependencies: [
                "Training", "Corpora", "Execution", "Graphs", "Networks", "Layers", "Checkpoints", "RandomStreams",
                "Synthesis", "Language",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Benchmarks/Driver", swiftSettings: strict),

        // What several test targets share: temporary folders, gzip data, damaged files.
        .target(
            name: "TestSupport", dependencies: ["RandomStreams", "CZlib"], path: "Tests/TestSupport",
            swiftSettings: strict),
        tests("RandomStreams", ["RandomStreams"]),
        tests("Compression", ["Compression", "RandomStreams", "TestSupport"]),
        tests("Images", ["Images", "TestSupport"], resources: [.copy("PngSuite")]),
        tests("Language", ["Language", "TestSupport"], resources: [.copy("Golden")]),
        tests(
            "Corpora", ["Corpora", "Compression", "Images", "RandomStreams", "TestSupport"],
            resources: [.copy("Golden")]),
        tests("Checkpoints", ["Checkpoints", "TestSupport"]),
        tests("Graphs", ["Graphs", "Execution"]),
        tests("Execution", ["Execution", "Graphs", "CKernels", "RandomStreams"]),
        tests("Conformance", ["Graphs", "Execution", "RandomStreams"]),
        tests("Layers", ["Layers", "Graphs", "Execution", "RandomStreams"]),
        tests(
            "Networks",
            ["Graphs", "Networks", "Layers", "Execution", "RandomStreams", "Synthesis", "Checkpoints"],
            resources: [.copy("Golden")]),
        tests(
            "Training",
            [
                "Training", "Corpora", "Checkpoints", "Synthesis", "Networks", "Layers", "Graphs", "Execution", "Images",
                "Language", "RandomStreams", "TestSupport",
            ]),
        tests("Evaluation", ["Evaluation", "RandomStreams"]),
        tests(
            "Synthesis",
            [
                "Synthesis", "Networks", "Layers", "Language", "Images", "Graphs", "Execution", "RandomStreams",
                "Checkpoints", "TestSupport",
            ],
            resources: [.copy("Encoders"), .copy("Golden")]),
        tests("Command", ["Images", "Networks", "Layers", "Graphs", "Execution", "Checkpoints", "TestSupport"]),
    ]
)
