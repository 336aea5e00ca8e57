import ArgumentParser

/// The option of commands that use a model with a pretrained text encoder.
package struct PretrainedEncoderOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder of the pretrained text encoder that the model refers to; by default its original path, then next to the model.",
            valueName: "folder"))
    package var encoder: String?

    package init() {}

    package func validate() throws {
        if encoder == "" { throw ValidationError("--encoder is empty; is a shell variable unset?") }
    }
}
