#!/usr/bin/env python3
"""Writes Tests/TokenizersTests/NormalizerReference.swift: normal forms after Python's unicodedata.

unicodedata is an independent implementation of the Unicode algorithms; only the rule for white space is implemented here.
Usage: scripts/golden/language.py > Tests/TokenizersTests/NormalizerReference.swift
       swift format -i Tests/TokenizersTests/NormalizerReference.swift
"""

import unicodedata

TEXTS = [
    "", " \t\r\n ", "A Red  Rose\n", "\u00a0red\u2003rose\u3000", "one\u0000two\u0085three\u2028four\u001b[0m",
    "\ufb01ve \ufb02owers", "stra\u00dfe STRASSE \u1e9e", "\uff21\uff22\uff43 \uff11\uff12\uff13", "\u2460 \u00bd \u2163 x\u00b2",
    "e\u0301 \u00e9 \u00c9", "q\u0323\u0307 q\u0307\u0323", "\u1e9b\u0323", "\u212b \u2126 \u212a", "\u0130stanbul I\u0131",
    "\u03a3\u03c2\u03c3 \u1f84 \u03b1\u0345\u0301", "\uac00 \u1100\u1161\u11a8", "\u30ac \uff76\uff9e \u32ff", "\u2121 \u3392 \ufdfa",
    "\u0627\u0644\u0632\u0647\u0631\u0629 \ufefb \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u0e14\u0e2d\u0e01\u0e44\u0e21\u0e49 \u0e19\u0e33", "\u0915\u093f\u0924\u093e\u092c \u0958", "\u82b1 \uf900 \u2f00",
    "\U0001f469\u200d\U0001f33e \U0001f3f3\ufe0f\u200d\U0001f308 \U0001f1eb\U0001f1f7", "\u00b4a \u00a8",
    "\u202eabc\u202c \u2066x\u2069 \u200f", "soft\u00adhyphen \ufeffmark", "\ue000 \uffff \U0010ffff", "\U0001d400\U0001d7d8",
    "a" + "\u0323\u0301" * 40, "\U00010400 \u10d0\u1c90 \u13a0\uab70", "\u01c5 \u0149 \u1e96", "don't stop\u2026 \u201cnow\u201d",
]


def normal(text):
    # The Unicode Standard, section 3.13, D146, composed in the end.
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold()).casefold()
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKD", text))
    blank = ("Zs", "Zl", "Zp", "Cc")
    text = "".join(" " if unicodedata.category(c) in blank else c for c in text)
    return " ".join(word for word in text.split(" ") if word)


def literal(text):
    return '"' + "".join(c if 0x20 <= ord(c) < 0x7F and c not in '"\\' else f"\\u{{{ord(c):x}}}" for c in text) + '"'


def main():
    print("// Written by scripts/golden/language.py; Unicode %s of Python." % unicodedata.unidata_version)
    print("\n/// Texts and their normal forms after another implementation of Unicode.")
    print("let normalizerReference: [(text: String, normal: String)] = [")
    for text in TEXTS:
        print(f"    ({literal(text)}, {literal(normal(text))}),")
    print("]")


if __name__ == "__main__":
    main()
