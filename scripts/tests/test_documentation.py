"""The Swift code in the articles of the library is that of the programs in Examples, which are compiled.

    python3 -m unittest discover -s scripts/tests
"""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ARTICLES = ROOT / "Sources" / "Inference" / "Documentation.docc"


class DocumentationTests(unittest.TestCase):
    def test_code_is_that_of_the_examples(self):
        examples = [path.read_text() for path in (ROOT / "Examples").glob("*/main.swift")]
        count = 0
        for article in ARTICLES.glob("*.md"):
            for code in re.findall(r"^```swift\n(.*?)^```$", article.read_text(), re.DOTALL | re.MULTILINE):
                # The manifest of a reader's own package.
                if code.startswith("// swift-tools-version"):
                    continue
                count += 1
                self.assertTrue(any(code in example for example in examples), f"{article.name}:\n{code}")
        self.assertGreater(count, 5)
