#!/usr/bin/env python3
"""Writes Tests/TokenizersTests/Golden: small tokenizers and the results of Hugging Face's `tokenizers` for thousands of strings.

Needs `pip install tokenizers sentencepiece protobuf` and Unicode's test files (Debian: apt-get install unicode-data).
Usage: python scripts/golden/tokenizers_golden.py [--data FOLDER] [KIND…]
where FOLDER may contain flowers102 and emoji. With KINDs, only these tokenizers are written, and texts.json is kept.
"""

import argparse
import gzip
import io
import json
import random
import unicodedata
from pathlib import Path

import captions
import sentencepiece
from language import normal
from tokenizers import AddedToken, Regex, Tokenizer, __version__, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "Tests/TokenizersTests/Golden"
ENGLISH = [
    f"{a} {color} flower with {b} {part} and {c} {other}"
    for a in ["this is a", "a", "the"] for color in ["red", "purple", "bright yellow", "white"]
    for b in ["rounded", "long pointed", "ruffled"] for part in ["petals", "stamens"] for c in ["green", "orange"] for other in ["leaves", "pistil"]
]
CORPUS = [t for texts in captions.CAPTIONS.values() for t in texts for _ in range(2)] + ENGLISH
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
ALPHABET = pre_tokenizers.ByteLevel.alphabet()


def bert(size=900, lowercase=True):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=lowercase, handle_chinese_chars=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece(prefix="##")
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=size, min_frequency=2, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", t.token_to_id("[CLS]")), ("[SEP]", t.token_to_id("[SEP]"))])
    t.enable_padding(pad_id=0, pad_token="[PAD]")
    return t


def clip():
    t = Tokenizer(models.BPE(unk_token="<|endoftext|>", continuing_subword_prefix="", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(CLIP), behavior="removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = decoders.ByteLevel()
    ends = [c + "</w>" for c in ALPHABET]
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=1200, initial_alphabet=ALPHABET, end_of_word_suffix="</w>", special_tokens=ends, show_progress=False))
    # The ends of words are tokens of the model, not of the text.
    state = json.loads(t.to_str())
    state["added_tokens"] = []
    t = Tokenizer.from_str(json.dumps(state))
    t.add_special_tokens([AddedToken("<|startoftext|>", normalized=True, special=True), AddedToken("<|endoftext|>", normalized=False, special=True)])
    start, end = t.token_to_id("<|startoftext|>"), t.token_to_id("<|endoftext|>")
    state = json.loads(t.to_str())
    state["model"]["vocab"] |= {"<|startoftext|>": start, "<|endoftext|>": end}
    t = Tokenizer.from_str(json.dumps(state))
    t.post_processor = processors.RobertaProcessing(("<|endoftext|>", end), ("<|startoftext|>", start), add_prefix_space=False, trim_offsets=False)
    return t


def gpt2():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=True)
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=900, initial_alphabet=ALPHABET, special_tokens=["<|endoftext|>"], show_progress=False))
    return t


def roberta():
    t = Tokenizer(models.BPE(unk_token="<unk>"))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=700, initial_alphabet=ALPHABET, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False))
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=True)
    return t


def llama():
    specials = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=800, special_tokens=specials, limit_alphabet=120, show_progress=False))
    t.pre_tokenizer = None
    state = json.loads(t.to_str())
    state["pre_tokenizer"] = None
    state["added_tokens"] = state["added_tokens"][:3]
    t = Tokenizer.from_str(json.dumps(state))
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(content=" ", left=1, right=0)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return t


def metaspace():
    """No byte alphabet, no unknown token, and added tokens of every kind."""
    t = Tokenizer(models.BPE(unk_token="[UNK]"))
    t.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Replace(Regex("(``|'')"), '"')])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(prepend_scheme="first"), pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Punctuation()])
    t.decoder = decoders.Metaspace()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=700, limit_alphabet=150, special_tokens=["[UNK]"], show_progress=False))
    t.add_tokens([AddedToken("New", single_word=True), AddedToken("yes_word", rstrip=True), AddedToken("[MASK]", lstrip=True, rstrip=True, normalized=False), AddedToken("petals", normalized=True)])
    return t


def llama3():
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), behavior="isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=600, initial_alphabet=ALPHABET, show_progress=False))
    t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(single="$A", special_tokens=[])])
    return t


def words():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=12))
    t.normalizer = normalizers.NFD()
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Split("e", behavior="merged_with_previous"), pre_tokenizers.Digits()])
    t.decoder = decoders.WordPiece(cleanup=False)
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=500, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False))
    t.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return t


def unigram(size, **options):
    """Tokens and scores of a Unigram model that SentencePiece trains, and its character map. The first tokens are <unk>, <s> and </s>.

    It finds few tokens in so little text; random parts of words with random scores, often equal ones, make words ambiguous.
    """
    from sentencepiece import sentencepiece_model_pb2 as pb

    stream = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=stream, vocab_size=700, model_type="unigram", hard_vocab_limit=False, num_threads=1, minloglevel=2, **options)
    model = pb.ModelProto.FromString(stream.getvalue())
    pieces = {p.piece: p.score for p in model.pieces}
    words = sorted({"▁" + word for text in CORPUS for word in text.split()})
    source = random.Random(size)
    while len(pieces) < size:
        word = source.choice(words)
        start = source.randrange(len(word))
        pieces.setdefault(word[start : start + source.randint(2, 8)], -source.randint(6, 40) / 2)
    return list(pieces.items()), model.normalizer_spec.precompiled_charsmap


def xlm_roberta():
    """The layout of XLM-RoBERTa and the character map nmt_nfkc, whole."""
    pieces, charsmap = unigram(900, normalization_rule_name="nmt_nfkc", character_coverage=0.98)
    vocab = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *pieces[3:], ("<mask>", 0.0)]
    t = Tokenizer(models.Unigram(vocab, 3, False))
    t.normalizer = normalizers.Precompiled(charsmap)
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    t.decoder = decoders.Metaspace()
    t.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, special=True)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return t


def rules():
    """A small character map with every kind of rule: longer and shorter results, none, and strings that begin with others."""
    table = {chr(c): unicodedata.normalize("NFKC", chr(c)) for c in [*range(0xA0, 0x180), *range(0x2000, 0x2190), *range(0x2460, 0x2480), *range(0xF900, 0xF920), *range(0xFB00, 0xFB10), *range(0xFF01, 0xFF60)]}
    for base in "aeiouAEIOUq":
        for mark in "\u0300\u0301\u0302\u0308\u0323":
            table[base + mark] = unicodedata.normalize("NFC", base + mark)
    table |= {c: " " for c in "\t\n\r\u3000\u2028\u200b\ufeff"} | {chr(c): "" for c in [1, 2, 3, 0x7F, 0xAD]}
    table |= {"\u00df": "ss", "\ufdfa": unicodedata.normalize("NFKC", "\ufdfa"), "\r\n": "\n\n", "\U0001f469": "woman", "\U0001f469\u200d": "x", "x\u0323": "", "y\u0301\u0301": "yy"}
    return "".join(" ".join(f"{ord(c):X}" for c in k) + "\t" + " ".join(f"{ord(c):X}" for c in v) + "\n" for k, v in table.items() if k != v)


def t5():
    """The layout of T5 with a small character map, as transformers converts SentencePiece models since version 4.40."""
    path = OUT / "rules.tsv"
    path.write_text(rules())
    pieces, charsmap = unigram(1000, normalization_rule_tsv=str(path), character_coverage=0.98)
    path.unlink()
    t = Tokenizer(models.Unigram([("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *pieces[3:], *((f"<extra_id_{i}>", 0.0) for i in range(4, -1, -1))], 2, False))
    t.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap), normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.decoder = decoders.Metaspace()
    t.add_special_tokens(["<pad>", "</s>", "<unk>", *(f"<extra_id_{i}>" for i in range(5))])
    t.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return t


def siglip():
    """The canonical text of SigLIP: lower case, without punctuation, single spaces."""
    pieces, _ = unigram(900, normalization_rule_name="identity", character_coverage=0.98)
    t = Tokenizer(models.Unigram([("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *pieces[3:]], 2, False))
    t.normalizer = normalizers.Sequence([
        normalizers.Lowercase(), normalizers.Replace(Regex(r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"""), ""), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    t.decoder = decoders.Metaspace()
    t.add_special_tokens(["</s>", "<unk>"])
    t.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return t


def unigram_bytes():
    """Byte fallback, words that are not split at spaces, and no added tokens."""
    pieces, _ = unigram(900, normalization_rule_name="identity", character_coverage=0.98, byte_fallback=True)
    t = Tokenizer(models.Unigram(pieces, 0, True))
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Prepend("▁")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=False)
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(content=" ", left=1, right=0)])
    return t


def mpnet():
    t = bert(600)
    state = json.loads(t.to_str())
    names = {"[PAD]": "<pad>", "[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>"}
    state["model"]["vocab"] = {names.get(k, k): v for k, v in state["model"]["vocab"].items()}
    for token in state["added_tokens"]:
        token |= {"content": names.get(token["content"], token["content"]), "lstrip": token["content"] == "[MASK]"}
    state["padding"] = state["post_processor"] = None
    t = Tokenizer.from_str(json.dumps(state))
    t.post_processor = processors.RobertaProcessing(("</s>", 3), ("<s>", 2), trim_offsets=True, add_prefix_space=False)
    return t


def modernbert():
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=700, initial_alphabet=ALPHABET, show_progress=False))
    t.add_tokens([AddedToken(" " * n, normalized=True) for n in range(4, 1, -1)])
    t.add_special_tokens(["[UNK]", "[CLS]", "[SEP]", "[PAD]", AddedToken("[MASK]", lstrip=True, special=True)])
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[(n, t.token_to_id(n)) for n in ("[CLS]", "[SEP]")])
    return t


KINDS = {
    "xlm-roberta": xlm_roberta, "t5": t5, "siglip": siglip, "unigram-bytes": unigram_bytes, "mpnet": mpnet, "modernbert": modernbert,
    "bert": bert, "bert-cased": lambda: bert(500, False), "clip": clip, "gpt2": gpt2, "roberta": roberta, "llama": llama, "metaspace": metaspace,
    "llama3": llama3, "words": words,
}

# Kinds whose files are compressed.
PACKED = ["xlm-roberta"]


def digest(encoding, value=0xCBF29CE484222325):
    """FNV-1a (Fowler, Noll, Vo 1991) over ids and offsets, 64 bits at a time."""
    for id, (start, end) in zip(encoding.ids, encoding.offsets):
        for number in (id, start, end):
            value = (value ^ number) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def corpora(folder):
    for name in ["flowers102", "emoji"]:
        path = folder / name / "metadata.jsonl"
        if path.exists():
            yield name, [text for line in path.read_text(encoding="utf-8").splitlines() for text in json.loads(line)["text"]]


def limn_words(text):
    """Limn's words as text with one character per byte: U+0100 and the byte, so that bytes keep their order."""
    words, run = [], None
    for c in " " + normal(text) if normal(text) else "":
        category = unicodedata.category(c)
        if c == " ":
            words.append(c)
            run = None
            continue
        kind = None if category[0] == "M" or category == "Cf" else category[0] if category[0] in "LN" else "O"
        if kind is not None and run is not None and kind != run:
            words.append("")
        run = kind if kind is not None else run
        words[-1] += c
    return ["".join(chr(0x100 + b) for b in word.encode()) for word in words]


def trained_merges(texts, count):
    """Merges of Hugging Face's trainer on Limn's words, as pairs of ids; 0...255 are bytes."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=256 + count, min_frequency=2, initial_alphabet=[chr(0x100 + b) for b in range(256)], show_progress=False)
    t.train_from_iterator([" ".join(limn_words(text)) for text in texts], trainer)
    ids = t.get_vocab()
    return [[ids[a], ids[b]] for a, b in json.loads(t.to_str())["model"]["merges"]]


def write_clip_merges(texts):
    """A file like CLIP's, gzipped, with the trained merges first and filled up with others."""
    state = json.loads((OUT / "tokenizer-clip.json").read_text(encoding="utf-8"))
    printable = [chr(b) for b in range(256) if 0x21 <= b <= 0x7E or 0xA1 <= b <= 0xAC or 0xAE <= b]
    alphabet = printable + [chr(0x100 + n) for n in range(256 - len(printable))]
    count = 49152 - 256 - 2
    merges = [tuple(m) for m in state["model"]["merges"]]
    taken = {a + b for a, b in merges}
    merges += [(a, b) for a in alphabet for b in alphabet if a + b not in taken][: count - len(merges)]
    content = "\n".join(['"bpe_simple_vocab_16e6.txt#version: 0.2', *(f"{a} {b}" for a, b in merges), "not read"]) + "\n"
    (OUT / "clip-merges.txt.gz").write_bytes(gzip.compress(content.encode(), 9, mtime=0))
    tokens = alphabet + [c + "</w>" for c in alphabet] + [a + b for a, b in merges] + ["<|startoftext|>", "<|endoftext|>"]
    state["model"] |= {"vocab": {t: i for i, t in enumerate(tokens)}, "merges": [list(m) for m in merges]}
    for token in state["added_tokens"]:
        token |= {"id": tokens.index(token["content"]), "normalized": True}
    state["post_processor"] |= {"cls": ["<|startoftext|>", 49406], "sep": ["<|endoftext|>", 49407]}
    t = Tokenizer.from_str(json.dumps(state))
    some = texts[::8]
    write("values-clip-merges.json", {"texts": some, "digests": [f"{digest(t.encode(text)):016x}" for text in some]})


def write(name, content):
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    (OUT / name).write_text(text.replace("\x7f", "\\u007f").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029") + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data")
    parser.add_argument("--unicode", type=Path, default=Path("/usr/share/unicode"))
    parser.add_argument("--keep", action="store_true", help="keep the tokenizers, write only the values")
    parser.add_argument("kinds", nargs="*", choices=[[], *KINDS], metavar="KIND")
    arguments = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    if arguments.kinds:
        texts = json.loads((OUT / "texts.json").read_text(encoding="utf-8"))
    else:
        texts = captions.strings(arguments.unicode)
        write("texts.json", texts)
    sets = dict(corpora(arguments.data))
    for name, make in KINDS.items():
        if arguments.kinds and name not in arguments.kinds:
            continue
        path = OUT / f"tokenizer-{name}.json{'.gz' if name in PACKED else ''}"
        if not (arguments.keep and path.exists()):
            content = (json.dumps(json.loads(make().to_str()), ensure_ascii=False, separators=(",", ":")) + "\n").encode()
            path.write_bytes(gzip.compress(content, 9, mtime=0) if name in PACKED else content)
        t = Tokenizer.from_buffer(gzip.decompress(path.read_bytes()) if name in PACKED else path.read_bytes())
        t.no_padding()
        encodings = [t.encode(text) for text in texts]
        values = {
            "library": f"tokenizers {__version__}",
            "digests": [f"{digest(e):016x}" for e in encodings],
            # Some in full, to help find errors.
            "whole": [[i, e.ids, [list(o) for o in e.offsets], t.decode(e.ids)] for i, e in list(enumerate(encodings))[::24]],
            "truncated": [],
            "corpora": {},
        }
        t.enable_truncation(7)
        values["truncated"] = [t.encode(text).ids for text in texts[:60]]
        t.no_truncation()
        for set_name, rows in sets.items() if name in ("bert", "clip", "gpt2") else []:
            value = 0xCBF29CE484222325
            for encoding in t.encode_batch(rows):
                value = digest(encoding, value)
            values["corpora"][set_name] = f"{value:016x}"
        write(f"values-{name}.json", values)
        print(name, t.get_vocab_size(), path.stat().st_size)
    if arguments.kinds:
        return
    write_clip_merges(texts)
    write("merges.json", {"texts": CORPUS, "merges": trained_merges(CORPUS, 700)})


if __name__ == "__main__":
    main()
