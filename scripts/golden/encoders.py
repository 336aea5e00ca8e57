"""Golden folders of InferenceTests, and the check of a real encoder against sentence-transformers.

    python scripts/golden/encoders.py                  writes Tests/InferenceTests/Encoders
    python scripts/golden/encoders.py --check FOLDER   smallest cosine between Limn's vectors and sentence-transformers'

Needs torch, transformers and safetensors; the check also sentence-transformers and a built .build/release/limn. Weights are
random and large, so that every term of every formula matters.
"""

import json
import os
import shutil
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
    shutil.rmtree(OUT, ignore_errors=True)
    bert("bert", "bert")
    bert("bert-float16", "bert", torch.float16, prefix="bert.", act="gelu_new")
    bert("bert-bfloat16", "bert", torch.bfloat16, act="relu")
    bert("roberta", "roberta", prefix="roberta.", pooled=False)
    clip("clip-largest-id", 2, projected=True, act="quick_gelu")
    clip("clip-end-id", 40, projected=False, act="gelu")
