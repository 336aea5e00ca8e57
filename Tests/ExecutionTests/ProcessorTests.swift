import CPUBackend
import CProcessor
import FoundationEssentials
import Testing

/// The level of instructions that `LIMN_CPU` selects. That `limn` follows it is in CommandTests.
@Suite struct ProcessorTests {
    private static let levels = ["baseline", "avx2", "avx512", "avx512bf16"]

    /// The level that a value selects, or -1 and the reason.
    private func selected(_ value: String?, available: Int) -> (level: Int, reason: String) {
        var message = [CChar](repeating: 0, count: 160)
        let level = limn_level_selected(value, Int32(available), &message, message.count)
        return (Int(level), message.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" })
    }

    @Test func levelsUpToTheProcessorsAreSelected() {
        for (available, most) in Self.levels.enumerated() {
            #expect(selected(nil, available: available) == (available, ""))
            #expect(selected("", available: available) == (available, ""))
            for (level, name) in Self.levels.enumerated() {
                let found = selected(name, available: available)
                if level <= available {
                    #expect(found == (level, ""))
                } else {
                    let reason = "LIMN_CPU is \(name), but the most that this processor has is \(most)"
                    #expect(found == (-1, reason))
                }
            }
        }
    }

    @Test(arguments: ["AVX2", "avx", "avx2 ", "avx5", "native", "3", String(repeating: "é", count: 1000)])
    func otherValuesAreRefused(value: String) {
        let (level, reason) = selected(value, available: Self.levels.count - 1)
        #expect(level == -1)
        #expect(reason.hasPrefix("LIMN_CPU is '\(value.prefix(4))"), "\(reason)")
        #expect(reason.hasSuffix("'; expected baseline, avx2, avx512 or avx512bf16"), "\(reason)")
    }

    /// `scripts/test-processors` relies on it.
    @Test func theTestsRunAtTheLevelThatTheyWereGiven() {
        #expect(limn_level_problem() == nil)
        let value = ProcessInfo.processInfo.environment["LIMN_CPU"] ?? ""
        #expect((limn_level_is_limited() != 0) == !value.isEmpty)
        if !value.isEmpty { #expect(String(cString: limn_level_name(limn_level())) == value) }
    }

    @Test func bfloat16IsTheDefaultWhereItIsMultiplied() {
        let device = CPUDevice()
        let isMultiplied = device.library == .oneDNN && limn_level() >= LIMN_AVX512_BF16
        #expect(device.precision == (isMultiplied ? .bfloat16 : .float32))
        #expect(CPUDevice(precision: .bfloat16).precision == device.precision)
        #expect(CPUDevice(library: .openBLAS).precision == .float32)
    }
}
