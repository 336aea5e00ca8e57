import CPUBackend
import FoundationEssentials
import Images
import Inference
import Server
import Testing
import TinyModels

private let device = CPUDevice(library: .openBLAS, threads: 1, precision: .float32)

/// The pixels of the PNG in `text`, and what it says about itself.
private func image(_ text: String) throws -> (image: Image, metadata: ImageMetadata) {
    let bytes = try base64(text)
    let metadata = try #require(ImageMetadata(pngText: Image.pngText(in: bytes)))
    return (try Image(decoding: bytes, named: "image.png"), metadata)
}

private func isNear(_ a: Image, _ b: Image) -> Bool {
    a.pixels.count == b.pixels.count && zip(a.pixels, b.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 }
}

@Suite(.timeLimit(.minutes(10))) struct LimnAPITests {
    @Test func imagesAreThoseOfTheGeneratorAndSayHowTheyWereMade() async throws {
        let server = try TestServer()
        let response = try await server.send(
            "POST", "/v1/limn/images",
            json: #"{"prompt": "a red circle", "seed": 7, "n": 5, "truncation": 0.8}"#)
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "application/x-ndjson")
        let lines = try response.lines
        #expect(try Set(lines.map { try $0.integer("index") }) == [0, 1, 2, 3, 4])
        let generator = try ImageGenerator(tinyModel(), device: device)
        for line in lines {
            let index = try line.integer("index")
            let request = GenerationRequest(prompt: "a red circle", seed: UInt64(7 + index), truncation: 0.8)
            let (found, metadata) = try image(line.string("png"))
            #expect(isNear(found, try generator.generate([request])[0]))
            #expect(metadata == ImageMetadata(request: request, model: "tiny"))
            #expect(try line.string("seed") == "\(7 + index)")
        }
    }

    @Test func whatTheModelDoesNotReadOfAPromptIsSaid() async throws {
        let server = try TestServer()
        let long = Array(repeating: "red", count: 40).joined(separator: " ")
        for (prompt, isLong) in [("a red circle", false), (long, true)] {
            let line = try #require(
                await server.send("POST", "/v1/limn/images", json: #"{"prompt": "\#(prompt)"}"#).lines.first)
            // The tiny model reads 16 tokens.
            #expect(((try? line.integer("ignored_tokens")) ?? 0 >= 24) == isLong)
            let data = try await server.send("POST", "/v1/images/generations", json: #"{"prompt": "\#(prompt)"}"#).text
            #expect(data.contains(#""ignored_tokens""#) == isLong)
        }
    }

    @Test func variationsKeepTheSeedAndTurnTowardOthers() async throws {
        let server = try TestServer()
        let lines = try await server.send(
            "POST", "/v1/limn/images",
            json:
                #"{"prompt": "a red circle", "seed": "18446744073709551615", "n": 2, "variation": {"seed": 3, "strength": 0.25}}"#
        ).lines
        for line in lines {
            let index = try line.integer("index")
            let request = GenerationRequest(
                prompt: "a red circle", seed: .max, seedBlend: Blend(toward: UInt64(3 + index), fraction: 0.25))
            #expect(try image(line.string("png")).metadata.request == request)
            #expect(try line.object("variation").string("seed") == "\(3 + index)")
        }
        #expect(lines.count == 2)
    }

    @Test func aWalkBeginsAndEndsWithThePlainImages() async throws {
        let server = try TestServer()
        let lines = try await server.send(
            "POST", "/v1/limn/walks",
            json:
                #"{"from": {"prompt": "a red circle", "seed": 1}, "to": {"prompt": "a blue square", "seed": 2}, "frames": 5}"#
        ).lines.sorted { try $0.integer("index") < $1.integer("index") }
        #expect(try lines.map { try $0.number("fraction") } == [0, 0.25, 0.5, 0.75, 1])
        let generator = try ImageGenerator(tinyModel(), device: device)
        let ends = try generator.generate([
            GenerationRequest(prompt: "a red circle", seed: 1), GenerationRequest(prompt: "a blue square", seed: 2),
        ])
        #expect(isNear(try image(lines[0].string("png")).image, ends[0]))
        #expect(isNear(try image(lines[4].string("png")).image, ends[1]))
        #expect(!isNear(try image(lines[2].string("png")).image, ends[0]))
    }

    @Test(arguments: [
        (#"{}"#, "prompt"), (#"[]"#, "object"), (#"{"prompt": "a""#, "JSON"), (#"{"prompt": " "}"#, "empty"),
        (#"{"prompt": 7}"#, "string"), (#"{"prompt": "a", "n": 0}"#, "1 to 64"),
        (#"{"prompt": "a", "n": 1e300}"#, "integer"),
        (#"{"prompt": "a", "seed": -1}"#, "seed"), (#"{"prompt": "a", "seed": "99999999999999999999"}"#, "seed"),
        (#"{"prompt": "a", "seed": 1.5}"#, "seed"), (#"{"prompt": "a", "truncation": 0}"#, "truncation"),
        (#"{"prompt": "a", "truncation": 0.0100000001}"#, "above 0.01"),
        (#"{"prompt": "a", "size": 4097}"#, "size"),
        (#"{"prompt": "a", "variation": {"seed": 1, "strength": 2}}"#, "strength"),
        (#"{"prompt": "a", "variation": 1}"#, "variation"), (#"{"prompt": "a\u0000b"}"#, "zero"),
    ])
    func aBadRequestSaysWhatIsWrong(_ body: String, _ word: String) async throws {
        let response = try await TestServer().send("POST", "/v1/limn/images", json: body)
        #expect(response.status == 400)
        let message = try response.json.object("error").string("message")
        #expect(message.contains(word), "\(message)")
        #expect(!message.contains("\n"))
    }

    @Test func aPromptMayHaveAsManyCharactersAsTheServerAllows() async throws {
        let server = try TestServer { $0.promptCharacters = 10 }
        func status(_ prompt: String) async throws -> Int {
            try await server.send("POST", "/v1/limn/images", json: #"{"prompt": "\#(prompt)"}"#).status
        }
        #expect(try await status("0123456789") == 200)
        #expect(try await status("0123456789a") == 400)
    }

    @Test func aFullQueueAnswersWithATimeToComeBack() async throws {
        let response = try await TestServer(capacity: 4).send(
            "POST", "/v1/limn/images", json: #"{"prompt": "a", "n": 5}"#)
        #expect(response.status == 429)
        #expect(response.headers["retry-after"] == "1")
    }
}

@Suite(.timeLimit(.minutes(10))) struct OpenAITests {
    @Test func imagesComeInBase64OrAsDataURLs() async throws {
        let server = try TestServer()
        let response = try await server.send(
            "POST", "/v1/images/generations",
            json: #"{"model": "tiny", "prompt": "a red circle", "n": 2, "size": "32x32", "seed": 4, "user": "x"}"#)
        let data = try response.json.objects("data")
        #expect(try data.map { try $0.string("seed") } == ["4", "5"])
        let first = try image(data[0].string("b64_json"))
        #expect(first.image.width == 32)
        #expect(first.metadata.request == GenerationRequest(prompt: "a red circle", seed: 4))
        let url = try await server.send(
            "POST", "/v1/images/generations",
            json: #"{"prompt": "a red circle", "response_format": "url", "seed": 4, "size": "32x32"}"#
        ).json.objects("data")[0].string("url")
        #expect(try image(String(url.dropFirst("data:image/png;base64,".count))).image == first.image)
    }

    @Test func withoutASeedEveryCallGivesAnotherImage() async throws {
        let server = try TestServer()
        var seeds: Set<String> = []
        for _ in 0..<4 {
            let answer = try await server.send("POST", "/v1/images/generations", json: #"{"prompt": "a"}"#).json
            seeds.insert(try answer.objects("data")[0].string("seed"))
        }
        #expect(seeds.count > 1)
    }

    @Test func modelsAreListedAndUnknownOnesAreNotFound() async throws {
        let server = try TestServer(models: ["one", "two"])
        let list = try await server.send("GET", "/v1/models").json.objects("data")
        #expect(try list.map { try $0.string("id") } == ["one", "two"])
        #expect(try await server.send("GET", "/v1/models/two").json.string("id") == "two")
        let response = try await server.send(
            "POST", "/v1/images/generations", json: #"{"prompt": "a", "model": "three"}"#)
        #expect(response.status == 404)
        #expect(try response.json.object("error").string("code") == "model_not_found")
    }

    @Test(arguments: [
        #""size": "32x64""#, #""size": "8x8""#, #""size": "x""#, #""response_format": "jpg""#, #""stream": true"#,
        #""output_format": "webp""#, #""n": 65"#,
    ])
    func whatLimnCannotDoIsRefused(_ setting: String) async throws {
        let response = try await TestServer().send(
            "POST", "/v1/images/generations", json: #"{"prompt": "a", \#(setting)}"#)
        #expect(response.status == 400)
        #expect(try response.json.object("error").string("type") == "invalid_request_error")
    }
}

@Suite(.timeLimit(.minutes(10))) struct A1111Tests {
    @Test func imagesCarrySeedsAndTheirVariations() async throws {
        let server = try TestServer()
        let plain = try await server.send(
            "POST", "/sdapi/v1/txt2img",
            json: #"{"prompt": "a red circle", "seed": 9, "batch_size": 2, "n_iter": 2, "steps": 20}"#)
        let images = try plain.json.list("images")
        #expect(images.count == 4)
        let info = try plain.json.string("info")
        #expect(info.contains(#""all_seeds":[9,10,11,12]"#))
        #expect(info.contains("Seed: 12, Model: tiny"))
        let varied = try await server.send(
            "POST", "/sdapi/v1/txt2img",
            json: #"{"prompt": "a red circle", "seed": 9, "subseed": 5, "subseed_strength": 0.5, "batch_size": 2}"#)
        guard case .string(let last)? = try varied.json.list("images").last else {
            throw TestFailure(description: "no image")
        }
        let expected = GenerationRequest(prompt: "a red circle", seed: 9, seedBlend: Blend(toward: 6, fraction: 0.5))
        #expect(try image(last).metadata.request == expected)
    }

    @Test func metadataOfAnImageAreReadBack() async throws {
        let server = try TestServer()
        let request = GenerationRequest(
            prompt: "naïve 花", seed: 3, truncation: 0.5, seedBlend: Blend(toward: 8, fraction: 0.25))
        let png = try Image(width: 1, height: 1, pixels: [1, 2, 3])
            .pngData(text: ImageMetadata(request: request, model: "tiny").pngText)
        let text = Data(png).base64EncodedString()
        for value in [text, "data:image/png;base64," + text] {
            let answer = try await server.send("POST", "/sdapi/v1/png-info", json: #"{"image": "\#(value)"}"#).json
            #expect(try answer.string("info").contains("Variation seed: 8, Variation seed strength: 0.25"))
            #expect(try answer.object("items").string("prompt") == "naïve 花")
            #expect(try answer.object("items").string("variation_seed") == "8")
        }
        // Where libjpeg-turbo is installed.
        if let jpeg = try? Image(width: 1, height: 1, color: .white).jpegData(quality: 90, comment: "花\nSeed: 3") {
            let value = Data(jpeg).base64EncodedString()
            let answer = try await server.send("POST", "/sdapi/v1/png-info", json: #"{"image": "\#(value)"}"#).json
            #expect(try answer.string("info") == "花\nSeed: 3")
            #expect(try answer.object("items").string("UserComment") == "花\nSeed: 3")
        }
        for value in ["!", Data([1, 2, 3]).base64EncodedString()] {
            #expect(try await server.send("POST", "/sdapi/v1/png-info", json: #"{"image": "\#(value)"}"#).status == 400)
        }
    }

    @Test func optionsSelectTheModelOfFurtherRequests() async throws {
        let server = try TestServer(models: ["one", "two"])
        func model() async throws -> String {
            try await server.send("GET", "/sdapi/v1/options").json.string("sd_model_checkpoint")
        }
        #expect(try await model() == "one")
        #expect(
            try await server.send("POST", "/sdapi/v1/options", json: #"{"sd_model_checkpoint": "two"}"#).status == 200)
        #expect(try await model() == "two")
        let info = try await server.send("POST", "/sdapi/v1/txt2img", json: #"{"prompt": "a"}"#).json.string("info")
        #expect(info.contains(#""sd_model_name":"two""#))
        let response = try await server.send("POST", "/sdapi/v1/options", json: #"{"sd_model_checkpoint": "three"}"#)
        #expect(response.status == 404)
        #expect(try response.json.string("detail").contains("three"))
        #expect(try await server.send("GET", "/sdapi/v1/progress").json.number("progress") == 0)
    }
}
