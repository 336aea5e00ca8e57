"""The bitmaps of Noto Color Emoji with the names and keywords of Unicode CLDR."""

import re
import struct
import xml.etree.ElementTree as ElementTree

from . import Failure, png
from .colorfont import ColorFont
from .splits import Item

OPTIONS = ("language", "side", "skin_tones")
FONT = "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
EMOJI_TEST = "usr/share/unicode/emoji/emoji-test.txt"
CLDR = "usr/share/unicode/cldr/common/"
SIDE = 128

SKIN_TONE = re.compile("[\U0001f3fb-\U0001f3ff]")


class Emoji:
    """A fully qualified emoji of emoji-test.txt. `key`: without variation selectors, as CLDR names it."""

    def __init__(self, text, name, group, subgroup):
        self.key, self.name, self.group, self.subgroup = text.replace("\ufe0f", ""), name, group, subgroup

    @property
    def has_skin_tone(self):
        return SKIN_TONE.search(self.key) is not None

    @property
    def base_name(self):
        """The name without skin tones: `waving hand: light skin tone` is a `waving hand`, `man: dark skin tone, beard` a
        `man: beard`."""
        head, _, tail = self.name.partition(": ")
        rest = [part for part in tail.split(", ") if part and not part.endswith("skin tone")]
        return head + (": " + ", ".join(rest) if rest else "")


def emoji_in_order(text):
    """The emoji of emoji-test.txt."""
    group = subgroup = ""
    for line in text.splitlines():
        if match := re.match(r"# (group|subgroup): (.*)", line):
            group, subgroup = (match[2], "") if match[1] == "group" else (group, match[2])
        elif match := re.match(r"([0-9A-F ]+); fully-qualified +# \S+ E[\d.]+ (.*)", line):
            yield Emoji("".join(chr(int(code, 16)) for code in match[1].split()), match[2], slug(group), subgroup)


def slug(text):
    return re.sub("[^a-z]+", "-", text.lower()).strip("-")


class Annotations:
    """Names and keywords by emoji in one language, with those of its parent languages where it has none."""

    def __init__(self, language, files):
        """files: the bytes of CLDR's files by path, such as annotations/de.xml."""
        self.names, self.keywords = {}, {}
        for ancestor in ancestors(language, files):
            for folder in ("annotations", "annotationsDerived"):
                if data := files.get(f"{folder}/{ancestor}.xml"):
                    self._add(ElementTree.fromstring(data))

    def _add(self, root):
        for annotation in root.iter("annotation"):
            key, text = annotation.get("cp").replace("\ufe0f", ""), (annotation.text or "").strip()
            if text and text != "↑↑↑":  # which stands for the parent's text
                if annotation.get("type") == "tts":
                    self.names.setdefault(key, text)
                else:
                    self.keywords.setdefault(key, [word.strip() for word in text.split("|")])

    def captions(self, emoji):
        """The name, and the keywords unless they only repeat its words, as `flag` does those of `flag: Chad`."""
        name, keywords = self.names.get(emoji), self.keywords.get(emoji, [])
        if name is None:
            return []
        words = re.findall(r"\w+", name)
        return [name] if all(keyword in (name, *words) for keyword in keywords) else [name, ", ".join(keywords)]


def ancestors(language, files):
    """The language and its parents without the root: de_CH and de."""
    explicit = {child: parent.get("parent")
                for parent in ElementTree.fromstring(files["supplemental/supplementalData.xml"]).iter("parentLocale")
                for child in (parent.get("locales") or "").split()}
    while language and language != "root":
        yield language
        language = explicit.get(language) or language.rpartition("_")[0]


def annotations(package, languages):
    """The annotations of each language, in order."""
    files = {path: data for path, data in package.contents(CLDR)
             if isinstance(data, bytes) and re.match("annotations|supplemental/supplementalData.xml", path)}
    known = sorted(path[12:-4] for path in files if path.startswith("annotations/") and path != "annotations/root.xml")
    if "supplemental/supplementalData.xml" not in files or not known:
        raise Failure(f"{package.name} {package.version} has no annotations in /{CLDR}", Failure.INVALID_DATA)
    for language in languages:
        if language not in known:
            raise Failure(f"there are no captions in {language!r}; known: {' '.join(known)}", Failure.USAGE)
    try:
        return [Annotations(language, files) for language in languages]
    except ElementTree.ParseError as error:
        raise Failure(f"cannot read the annotations of {package.name} {package.version}: {error}", Failure.INVALID_DATA)


def picture(data, side):
    """The square in the middle of a bitmap of 136 × 128 pixels, which has empty columns at its sides: its fingerprint, and
    it as a PNG of `side` pixels."""
    width, height, pixels = png.read(data)
    if height != SIDE or width < SIDE:
        raise ValueError(f"a bitmap of {width} × {height} pixels; expected are 136 × 128")
    pixels, current = png.cropped(width, height, pixels, SIDE), SIDE
    fingerprint = png.Fingerprint(SIDE, SIDE, pixels)
    while current > side:
        pixels, current = png.halved(current, pixels), current // 2
    return fingerprint, png.encoded(side, pixels)


def build(packages, folder, options, left_out):
    """Writes the images and returns the items; counts emoji that are left out by reason."""
    font_package = packages["fonts-noto-color-emoji"]
    try:
        font = ColorFont(font_package.file(FONT))
    except (ValueError, struct.error) as error:
        raise Failure(f"cannot use the font of {font_package.name} {font_package.version}: {error}", Failure.INVALID_DATA)
    languages = annotations(packages["unicode-cldr-core"], options.language)
    items = []
    for emoji in emoji_in_order(packages["unicode-data"].file(EMOJI_TEST).decode(errors="replace")):
        if emoji.has_skin_tone and not options.skin_tones:
            left_out["skin tones (--skin-tones includes them)"] += 1
            continue
        bitmap = font.image(emoji.key)
        if bitmap is None:
            left_out["not in the font"] += 1
            continue
        captions = [caption for annotation in languages for caption in annotation.captions(emoji.key)]
        # The newest emoji may be missing in CLDR; their English names are in emoji-test.txt as well.
        captions = captions or ([emoji.name] if "en" in options.language else [])
        if not captions:
            left_out["no caption"] += 1
            continue
        name = "-".join(f"{ord(character):04x}" for character in emoji.key)
        try:
            fingerprint, data = picture(bitmap, options.side)
        except ValueError as error:
            raise Failure(f"cannot use the image of {name} in {font_package.name} {font_package.version}: {error}",
                          Failure.INVALID_DATA)
        row = {"file_name": f"images/{name}.png", "text": list(dict.fromkeys(captions)), "class": emoji.group,
               "group": emoji.group, "subgroup": emoji.subgroup, "emoji": emoji.key, "style": "noto"}
        folder.write(row["file_name"], data)
        items.append(Item(row, name, [emoji.base_name], data, fingerprint))
    return items
