"""Golden folders of InferenceTests, and the check of a real encoder against sentence-transformers.

    python scripts/golden/encoders.py [NAME…]          writes Tests/InferenceTests/Encoders, or only some of its folders
    python scripts/golden/encoders.py --check FOLDER   smallest cosine between Limn's vectors and sentence-transformers'

Needs torch, transformers, tokenizers and safetensors; the check also sentence-transformers and a built .build/release/limn. Weights are
random and large, so that every term of every formula matters.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "Tests/InferenceTests/Encoders"

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["a", "red", "rose", "blue", "car", "the", "flower", "with", "petals", "is", "on", "tree", "in", "and"]
LETTERS = [chr(c) for c in range(ord("b"), ord("z") + 1)]
VOCABULARY = SPECIALS + WORDS + LETTERS + ["##a"] + ["##" + c for c in LETTERS] + list("0123456789.,!?'-") + ["##s", "##ed"][1:]
SENTENCES = ["a red rose", "the car is blue!", "a flower with red petals, and a tree", "", "bud on 3 trees", "unseen words"]


def randomize(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            is_gain = "norm" in name.lower() and name.endswith("weight")
            p.copy_((1.0 if is_gain else 0.0) + 0.25 * torch.randn(p.shape, generator=generator))
    return model.eval()


def word_pieces(text):
    """BERT's greedy longest match (Devlin et al. 2019), enough for these sentences."""
    known = {token: id for id, token in enumerate(VOCABULARY)}
    spaced = "".join(f" {c} " if not c.isalnum() and not c.isspace() else c for c in text.lower())
    ids = [known["[CLS]"]]
    for word in spaced.split():
        pieces, start = [], 0
        while start < len(word):
            end = next((e for e in range(len(word), start, -1) if ("##" if start else "") + word[start:e] in known), None)
            if end is None:
                pieces = [known["[UNK]"]]
                break
            pieces.append(known[("##" if start else "") + word[start:end]])
            start = end
        ids += pieces
    return ids + [known["[SEP]"]]


def padded(sequences, fill):
    length = max(map(len, sequences))
    ids = torch.tensor([s + [fill] * (length - len(s)) for s in sequences])
    mask = torch.tensor([[1] * len(s) + [0] * (length - len(s)) for s in sequences])
    return ids, mask


def unit(x):
    return torch.nn.functional.normalize(x, dim=-1)


def write(name, config, arrays, golden, more={}):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file({k: v.contiguous() for k, v in arrays.items()}, folder / "model.safetensors")
    save_file({k: v.contiguous() for k, v in golden.items()}, folder / "golden.safetensors")
    for path, text in more.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)


def bert(name, kind, dtype=torch.float32, prefix="", act="gelu", pooled=True):
    from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

    sizes = dict(vocab_size=len(VOCABULARY) + 3, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
                 max_position_embeddings=40, hidden_act=act, layer_norm_eps=1e-3, type_vocab_size=2 if kind == "bert" else 1,
                 pad_token_id=0 if kind == "bert" else 1)
    config, make = (BertConfig, BertModel) if kind == "bert" else (RobertaConfig, RobertaModel)
    model = randomize(make(config(**sizes), add_pooling_layer=False), 1)
    arrays = {k: v.to(dtype) for k, v in model.state_dict().items() if v.is_floating_point()}
    model.load_state_dict({k: v.float() for k, v in arrays.items()}, strict=False)
    sequences = [word_pieces(s) for s in SENTENCES]
    ids, mask = padded(sequences, sizes["pad_token_id"])
    with torch.no_grad():
        states = model(input_ids=ids, attention_mask=mask).last_hidden_state
    weights = mask[..., None].float()
    golden = {
        "ids": ids.int(), "mask": mask.int(), "cls": unit(states[:, 0]),
        "mean": unit((states * weights).sum(1) / weights.sum(1)),
        "eos": unit(torch.stack([states[i, len(s) - 1] for i, s in enumerate(sequences)])),
    }
    # Files of other tasks hold more than the encoder; nothing of it may disturb.
    arrays = {prefix + k: v for k, v in arrays.items()}
    if prefix:
        arrays |= {"cls.predictions.bias": torch.zeros(5), prefix + "embeddings.position_ids": torch.arange(40)[None],
                   prefix + "pooler.dense.weight": torch.zeros(4, 4)}
    more = {"vocab.txt": "\n".join(VOCABULARY) + "\n", "tokenizer_config.json": json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True}) + "\n"}
    if pooled:
        module = "sentence_transformers.models."
        more["modules.json"] = json.dumps([
            {"idx": 0, "name": "0", "path": "", "type": module + "Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": module + "Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": module + "Normalize"}]) + "\n"
        more["1_Pooling/config.json"] = json.dumps({"word_embedding_dimension": 32, "pooling_mode_cls_token": False,
                                                    "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": False}) + "\n"
        more["sentence_bert_config.json"] = json.dumps({"max_seq_length": 20, "do_lower_case": False}) + "\n"
    write(name, {"model_type": kind, **sizes}, arrays, golden, more)


def clip(name, end, projected, act):
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    sizes = dict(vocab_size=60, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                 max_position_embeddings=24, hidden_act=act, layer_norm_eps=1e-3, projection_dim=16, bos_token_id=1,
                 eos_token_id=end, pad_token_id=0)
    model = randomize((CLIPTextModelWithProjection if projected else CLIPTextModel)(CLIPTextConfig(**sizes)), 2)
    last = 59 if end == 2 else end
    generator = torch.Generator().manual_seed(3)
    # A repeated id, and ids above the end token, which these models find by its id.
    sequences = [[1] + torch.randint(3, 59, (n,), generator=generator).tolist() + [last] for n in (1, 5, 14, 22)]
    ids, mask = padded(sequences, last if end == 2 else 0)
    with torch.no_grad():
        output = model(input_ids=ids, attention_mask=mask)
    vectors = output.text_embeds if projected else output.pooler_output
    arrays = {k if k.startswith("text_") else "text_model." + k: v for k, v in model.state_dict().items() if v.is_floating_point()}
    config = {"model_type": "clip_text_model", **sizes}
    if projected:
        config = {"model_type": "clip", "text_config": sizes, "vision_config": {}}
        arrays |= {"logit_scale": torch.tensor(4.6), "vision_model.embeddings.class_embedding": torch.zeros(8)}
    write(name, config, arrays, {"ids": ids.int(), "mask": mask.int(), "eos": unit(vectors)})


def unigram(specials, unknown, **more):
    """A Unigram tokenizer of words, their parts and letters, as tokenizer.json."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    pieces = [("▁" + w, -3.0 - i / 8) for i, w in enumerate(WORDS)] + [("▁", -5.0), ("ed", -5.5), ("ow", -5.5), ("▁tr", -5.0)]
    vocab = [(s, 0.0) for s in specials] + pieces + [(c, -6.0 - i / 16) for i, c in enumerate("abcdefghijklmnopqrstuvwxyz0123456789!,.")]
    t = Tokenizer(models.Unigram(vocab, specials.index(unknown), False))
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), *more.get("normalizers", [])])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.decoder = decoders.Metaspace()
    t.add_special_tokens([AddedToken(s, special=True) for s in specials])
    ends = [s for s in ("<s>", "</s>") if s in specials]
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>" if "<s>" in specials else "$A </s>", special_tokens=[(s, specials.index(s)) for s in ends])
    return t


def word_piece(specials, unknown, start, end):
    """A WordPiece tokenizer of BERT's kind with other special tokens."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    t = Tokenizer(models.WordPiece({token: id for id, token in enumerate(specials + VOCABULARY[5:])}, unk_token=unknown))
    t.normalizer, t.pre_tokenizer, t.decoder = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
    t.add_special_tokens(specials)
    t.post_processor = processors.RobertaProcessing((end, specials.index(end)), (start, specials.index(start)), trim_offsets=True, add_prefix_space=False)
    return t


def byte_pairs():
    """A byte-level tokenizer of ModernBERT's kind."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    merges = [("Ġ", "a"), ("Ġ", "t"), ("r", "e"), ("Ġt", "h"), ("Ġth", "e"), ("e", "d"), ("Ġ", "re"), ("Ġre", "d"), ("i", "n")]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = alphabet + list(dict.fromkeys(a + b for a, b in merges))
    t = Tokenizer(models.BPE({token: id for id, token in enumerate(tokens)}, merges))
    t.normalizer, t.pre_tokenizer, t.decoder = normalizers.NFC(), pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    t.add_special_tokens(["[UNK]", "[CLS]", "[SEP]", "[PAD]", AddedToken("[MASK]", lstrip=True, special=True)])
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[(s, t.token_to_id(s)) for s in ("[CLS]", "[SEP]")])
    return t


def pooled(states, sequences, mask):
    weights = mask[..., None].float()
    return {"cls": states[:, 0], "mean": (states * weights).sum(1) / weights.sum(1),
            "eos": torch.stack([states[i, len(s) - 1] for i, s in enumerate(sequences)])}


def sentence_transformer(pooling, width, dense=None):
    """The files of a sentence-transformers model beside those of its network."""
    module = "sentence_transformers.models."
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling")] + ([("2_Dense", "Dense")] if dense else []) + [("3_Normalize", "Normalize")]
    more = {"modules.json": json.dumps([{"idx": i, "name": str(i), "path": p, "type": module + k} for i, (p, k) in enumerate(kinds)]) + "\n",
            "1_Pooling/config.json": json.dumps({"word_embedding_dimension": width, **{f"pooling_mode_{m}": m.startswith(pooling) for m in ("cls_token", "mean_tokens", "max_tokens", "lasttoken")}}) + "\n"}
    if dense:
        rows, columns = dense["linear.weight"].shape
        more["2_Dense/config.json"] = json.dumps({"in_features": columns, "out_features": rows, "bias": "linear.bias" in dense, "activation_function": "torch.nn.modules.activation.Tanh"}) + "\n"
    return more


def family(name, model, tokenizer, *, dtype=torch.float32, rename=lambda k: k, config=None, also={}, pooling=None, dense=None, padded_to=None,
           padding=0, shards=1, lengths=(1, 2, 9, 40, 150)):
    """A folder of one family: random sequences of these lengths with each pooling, and SENTENCES with the folder's own."""
    model = randomize(model, 4)
    arrays = {k: v.to(dtype) for k, v in model.state_dict().items() if v.is_floating_point()}
    model.load_state_dict({k: v.float() for k, v in arrays.items()}, strict=False)
    generator = torch.Generator().manual_seed(5)
    count = tokenizer.get_vocab_size()
    sequences = [torch.randint(5, count, (n,), generator=generator).tolist() for n in lengths]

    def run(sequences):
        if padded_to:
            ids = torch.tensor([(s + [padding] * padded_to)[:padded_to] for s in sequences])
            return {"eos": model(input_ids=ids).pooler_output}
        ids, mask = padded(sequences, padding)
        vectors = pooled(model(input_ids=ids, attention_mask=mask).last_hidden_state, sequences, mask)
        return {k: torch.tanh(torch.nn.functional.linear(v, dense["linear.weight"], dense["linear.bias"])) if dense else v for k, v in vectors.items()}

    with torch.no_grad():
        golden = {k: unit(v) for k, v in run(sequences).items()}
        texts = run([tokenizer.encode(s).ids for s in SENTENCES])[pooling or "eos"]
    ids, mask = padded(sequences, 0)
    golden |= {"ids": ids.int(), "mask": mask.int(), "texts": unit(texts)}
    arrays = {rename(k): v for k, v in arrays.items() if rename(k)} | also
    more = {"tokenizer.json": json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False) + "\n"}
    if pooling:
        more |= sentence_transformer(pooling, model.config.hidden_size, dense)
    config = config or {k: v for k, v in model.config.to_dict().items() if k not in ("transformers_version", "architectures", "dtype")}
    write(name, config, arrays, golden, more)
    folder = OUT / name
    if dense:
        save_file(dense, folder / "2_Dense/model.safetensors")
    if shards > 1:
        names = sorted(arrays)
        parts = {f"model-{i + 1:05}-of-{shards:05}.safetensors": names[i::shards] for i in range(shards)}
        for file, keys in parts.items():
            save_file({k: arrays[k].contiguous() for k in keys}, folder / file)
        index = {"metadata": {"total_size": 0}, "weight_map": {k: file for file, keys in parts.items() for k in keys}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
        (folder / "model.safetensors").unlink()


def xlm_roberta():
    from transformers import XLMRobertaConfig, XLMRobertaModel

    t = unigram(["<s>", "<pad>", "</s>", "<unk>"], "<unk>")
    config = XLMRobertaConfig(vocab_size=t.get_vocab_size() + 1, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
                              max_position_embeddings=160, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1)
    family("xlm-roberta", XLMRobertaModel(config, add_pooling_layer=False), t, dtype=torch.float16, pooling="mean", padding=1, shards=2,
           rename=lambda k: "roberta." + k, also={"lm_head.bias": torch.zeros(3)})


def distilbert():
    from transformers import DistilBertConfig, DistilBertModel

    t = word_piece(SPECIALS, "[UNK]", "[CLS]", "[SEP]")
    config = DistilBertConfig(vocab_size=t.get_vocab_size(), dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=160)
    generator = torch.Generator().manual_seed(6)
    dense = {"linear.weight": 0.2 * torch.randn(24, 32, generator=generator), "linear.bias": 0.2 * torch.randn(24, generator=generator)}
    family("distilbert", DistilBertModel(config), t, dtype=torch.float16, pooling="mean", dense=dense, rename=lambda k: "distilbert." + k,
           also={"vocab_transform.weight": torch.zeros(3)})


def mpnet():
    from transformers import MPNetConfig, MPNetModel

    t = word_piece(["<s>", "<pad>", "</s>", "[UNK]", "<mask>"], "[UNK]", "<s>", "</s>")
    config = MPNetConfig(vocab_size=t.get_vocab_size(), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
                         max_position_embeddings=160, layer_norm_eps=1e-5)
    family("mpnet", MPNetModel(config, add_pooling_layer=False), t, pooling="cls", padding=1)


def modernbert():
    from transformers import ModernBertConfig, ModernBertModel

    t = byte_pairs()
    sizes = dict(vocab_size=t.get_vocab_size() + 3, hidden_size=32, num_hidden_layers=4, num_attention_heads=4, intermediate_size=24,
                 max_position_embeddings=200, local_attention=12, norm_eps=1e-4)
    model = ModernBertModel(ModernBertConfig(**sizes, global_attn_every_n_layers=3, pad_token_id=0, attn_implementation="eager",
                                             rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 5000.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 50.0}}))
    # The keys of files before transformers 5, which are those of the published models.
    old = {"model_type": "modernbert", **sizes, "global_attn_every_n_layers": 3, "global_rope_theta": 5000.0, "local_rope_theta": 50.0,
           "hidden_activation": "gelu", "norm_bias": False, "attention_bias": False, "mlp_bias": False}
    family("modernbert", model, t, dtype=torch.bfloat16, pooling="mean", config=old, rename=lambda k: "model." + k, also={"head.norm.weight": torch.zeros(3)})
    biased = ModernBertModel(ModernBertConfig(**sizes, layer_types=["sliding_attention", "full_attention", "full_attention", "sliding_attention"], pad_token_id=0,
                                              attn_implementation="eager", hidden_activation="gelu_pytorch_tanh", norm_bias=True, attention_bias=True, mlp_bias=True))
    family("modernbert-biases", biased, t, dtype=torch.float16, pooling="cls")


def siglip():
    from tokenizers import Regex, normalizers
    from transformers import SiglipTextConfig, SiglipTextModel

    t = unigram(["<pad>", "</s>", "<unk>"], "<unk>", normalizers=[normalizers.Lowercase(), normalizers.Replace(Regex("[!,.]"), "")])
    sizes = dict(vocab_size=t.get_vocab_size(), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                 max_position_embeddings=16, projection_size=24, layer_norm_eps=1e-5)
    prefix = lambda k: k if k.startswith("text_model.") else "text_model." + k
    family("siglip", SiglipTextModel(SiglipTextConfig(**sizes)), t, config={"model_type": "siglip", "text_config": sizes, "vision_config": {}}, rename=prefix,
           also={"logit_scale": torch.tensor([4.6]), "vision_model.head.probe": torch.zeros(8)}, padded_to=16, padding=1, lengths=(1, 2, 9, 16))
    (OUT / "siglip/tokenizer_config.json").write_text(json.dumps({"pad_token": "</s>", "tokenizer_class": "SiglipTokenizer"}) + "\n")


def t5():
    from transformers import T5Config, T5EncoderModel

    t = unigram(["<pad>", "</s>", "<unk>"], "<unk>")
    sizes = dict(vocab_size=t.get_vocab_size() + 2, d_model=32, d_kv=6, d_ff=48, num_layers=2, num_heads=4)
    tied = lambda k: "" if k == "encoder.embed_tokens.weight" else k
    family("t5", T5EncoderModel(T5Config(**sizes)), t, dtype=torch.bfloat16, pooling="mean", rename=tied,
           also={"decoder.final_layer_norm.weight": torch.zeros(3)})
    gated = T5EncoderModel(T5Config(**sizes, feed_forward_proj="gated-gelu", relative_attention_num_buckets=12, relative_attention_max_distance=30))
    # Both names of the shared embeddings.
    family("t5-gated", gated, t, dtype=torch.float16, pooling="mean")


LINES = {
    "en": ["{} red roses in a garden", "the market fell {} percent", "a dog runs after {} cats", "why is the sky blue at {}?"],
    "de": ["{} rote Rosen im Garten", "Der Zug fährt um {} Uhr über die Brücke", "Größe {} paßt mir nicht"],
    "fr": ["{} roses rouges dans un jardin", "l'été dernier, {} élèves étaient là", "ça coûte {} €"],
    "es": ["{} rosas rojas en el jardín", "¿dónde están los {} niños?", "mañana lloverá {} veces"],
    "ru": ["{} красных роз в саду", "поезд прибывает в {} часов"], "zh": ["花园里有{}朵红玫瑰", "今天气温{}度"],
    "ja": ["庭に{}本の赤いバラがある", "東京まで{}時間かかります"], "ar": ["{} وردة حمراء في الحديقة", "كم الساعة {}؟"],
    "hi": ["बगीचे में {} लाल गुलाब"], "ko": ["정원에 빨간 장미 {}송이"], "el": ["{} κόκκινα τριαντάφυλλα στον κήπο"],
    "other": ["naïve café №{} 🌹🌹", "HTTP/1.1 {} OK", "e=mc^{}; foo(bar, \"{}\")", "ﬁne print {}", "{}", "x" * 150 + " {}"],
}


def check(folder):
    from sentence_transformers import SentenceTransformer

    sentences = [line.replace("{}", str(n)) for lines in LINES.values() for line in lines for n in (2, 13, 470, 1999)]
    sentences += ["", " ", "a long one " * 300, "unaffable " * 40, "A", "tab\there"]
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "lines.txt").write_text("\n".join(sentences) + "\n")
        subprocess.run([ROOT / ".build/release/limn", "encode", "--encoder", folder, "--file", f"{scratch}/lines.txt", "--out",
                        f"{scratch}/vectors.safetensors"], check=True)
        found = load_file(f"{scratch}/vectors.safetensors")["embeddings"]
    expected = unit(torch.tensor(SentenceTransformer(str(folder), device="cpu").encode(sentences)))
    cosines = (found.double() * expected.double()).sum(-1)
    for index in cosines.argsort()[:5].tolist():
        print(f"{cosines[index]:.8f}  {sentences[index][:60]!r}")
    print(f"least cosine of {len(sentences)} sentences: {cosines.min():.8f}")
    sys.exit(cosines.min() < 0.9999)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        check(sys.argv[2])
    makers = {
        "bert": lambda: bert("bert", "bert"),
        "bert-float16": lambda: bert("bert-float16", "bert", torch.float16, prefix="bert.", act="gelu_new"),
        "bert-bfloat16": lambda: bert("bert-bfloat16", "bert", torch.bfloat16, act="relu"),
        "roberta": lambda: bert("roberta", "roberta", prefix="roberta.", pooled=False),
        "clip-largest-id": lambda: clip("clip-largest-id", 2, projected=True, act="quick_gelu"),
        "clip-end-id": lambda: clip("clip-end-id", 40, projected=False, act="gelu"),
        "xlm-roberta": xlm_roberta, "distilbert": distilbert, "mpnet": mpnet, "modernbert": modernbert, "siglip": siglip, "t5": t5,
    }
    for name in sys.argv[1:] or makers:
        makers[name]()
    (OUT / "sentences.json").write_text(json.dumps(SENTENCES) + "\n")
