"""The Open Clip Art Library, release 0.18, with captions from the metadata in its SVG files."""

import html
import os
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter

from .png import Fingerprint
from .splits import Item

OPTIONS = ()
PNG, SVG = "usr/share/openclipart/png/", "usr/share/openclipart/svg/"
MIN_SIDE = 32
# Of the library's 1,375 star polygons with up to 98 points, those that differ in more than a number.
MAX_STAR_POINTS = 12

DC = "{http://purl.org/dc/elements/1.1/}"
# Left by the library's own tools: keywords that say nothing, and titles of collections.
PLACEHOLDER = re.compile(r"(hash(\(0x[0-9a-f]+\))?|unsorted|unknown|untitled|none|\W*|\d+)$", re.IGNORECASE)
COLLECTION = re.compile(r"(clipart by|part of|various cliparts)\b|.*\b(theme|iconset)\b", re.IGNORECASE)
# Titles, descriptions and lists of keywords that more images share describe a collection.
MAX_SHARED = {"title": 2, "description": 2, "keywords": 10}
ADDRESS = re.compile(r"\[?(https?:|www\.)\S*|\S*@\S*")
SUITS = {"c": "clubs", "d": "diamonds", "h": "hearts", "s": "spades"}
VALUES = {"a": "ace", "j": "jack", "q": "queen", "k": "king", **{str(n): str(n) for n in range(2, 11)}}


class Metadata:
    """What an image's SVG says of it."""

    def __init__(self, data):
        """data: the SVG; of a damaged one nothing is known, not even the licence."""
        work = ElementTree.Element("none")
        try:
            work = next((e for e in ElementTree.fromstring(data).iter() if e.tag.endswith("}Work")), work)
        except ElementTree.ParseError:
            pass
        text = lambda e: "" if e is None else " ".join("".join(e.itertext()).split())
        self.title, self.description = text(work.find(DC + "title")), text(work.find(DC + "description"))
        self.author = re.sub(r"[(\[<].*", "", text(work.find(DC + "creator"))).strip(" -")
        keywords = [text(e) for e in work.iter() if e.tag.endswith("}li")]
        author = plain(self.author)
        self.keywords = []
        for keyword in map(tidy, keywords):
            if is_speaking(keyword) and plain(keyword) not in (author, *map(plain, self.keywords)):
                self.keywords.append(keyword)
        self.licenses = [value for e in work.iter() if e.tag.endswith("}license") for value in e.attrib.values()]

    @property
    def is_public_domain(self):
        names = {license.rstrip("/").rpartition("/")[2].lower() for license in self.licenses}
        return bool(names) and names <= {"publicdomain"} or any("/publicdomain/zero/" in l for l in self.licenses)


def tidy(text):
    """A caption without addresses, file extensions, running numbers at its end and abbreviations."""
    # Some texts were escaped twice.
    text = ADDRESS.sub("", re.sub(r"[\x00-\x1f\x7f-\x9f]", "", html.unescape(text)))
    text = re.sub(r"(?<=\w)[ _]\(?(b and w|bw)\b\)?", ", black and white", text, flags=re.IGNORECASE)
    text = re.sub(r"\.(svg|png)$", "", text).replace("_", " ")
    # But not those of `signal flag 6`.
    text = re.sub(r"(?<=\w)([\s#.-]*\d\d+|[#.-]*\d)$", "", text.strip())
    return " ".join(text.split()).strip(" .,-–")


def spaced(text):
    """FlowerAndPot as Flower And Pot."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)


def words_of_name(stem, author):
    """The words of a file's name without the author's, which follow them: seagull_contour_nicu_buc_01."""
    words = [re.sub(r"(?<=[a-z])\d+$", "", word) for word in re.split(r"[\W_]+", spaced(stem)) if word]
    while len(words) > 1 and (words[-1].isdigit() or len(words[-1]) == 1):
        words.pop()
    names = [name.lower() for name in re.split(r"\W+", author) if name]
    while len(words) > 1 and any(name.startswith(words[-1].lower()) for name in names):
        words.pop()
    return tidy(" ".join(words))


def plain(text):
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def is_speaking(text):
    """Whether a text has a word of three letters, so that it can be a caption."""
    return not PLACEHOLDER.match(text) and re.search(r"[^\W\d_]{3}", text) is not None


def special_title(stem, folder):
    """Titles of two large series, whose names encode what they show."""
    if match := re.fullmatch(r"star_0*(\d+)pt\d+step", stem):
        return f"star with {match[1]} points"
    if folder.startswith("recreation/games/cards/"):
        if match := re.fullmatch(r"\w+_([cdhs])_(\w+)", stem):
            return f"{VALUES[match[2]]} of {SUITS[match[1]]}" if match[2] in VALUES else None
        if re.fullmatch(r"\w+_jk_[br]", stem):
            return "joker"
        if re.fullmatch(r"back\d+", stem):
            return "back of a playing card"
    return None


def captions(path, metadata, counts):
    """The title, the keywords and the description, as far as they say something of this image.

    counts: how often each title, description and list of keywords occurs. Where a title is a collection's, the file's name
    says more.
    """
    folder, stem = os.path.split(path[:-4])
    is_shared = lambda member: counts[member][str(getattr(metadata, member))] > MAX_SHARED[member]
    title = tidy(re.sub(r"^clipart by .* - ", "", metadata.title, flags=re.IGNORECASE))
    title = title if " " in title else spaced(title)
    is_own = not COLLECTION.match(metadata.title) and (
        not is_shared("title") or plain(spaced(stem)).startswith(plain(title)[:20]))
    candidates = [special_title(stem, folder), is_own and title, words_of_name(stem, metadata.author),
                  not COLLECTION.match(title) and title]
    first = next((text for text in candidates if text and is_speaking(text)), None)
    if first and ("flag" in metadata.keywords or "/flags/" in path) and "flag" not in first.lower():
        first = f"flag: {first}"
    elif first and "icons" in metadata.keywords and "icon" not in first.lower():
        first += " icon"
    keywords = None if is_shared("keywords") else ", ".join(metadata.keywords)
    description = tidy(metadata.description)
    if (is_shared("description") or not is_speaking(description) or len(description) > 120
            or ADDRESS.search(metadata.description) or COLLECTION.match(description)):
        description = None
    result = []
    for text in (first, keywords, description):
        if text and plain(text) not in map(plain, (metadata.author, *result)):
            result.append(text)
    return result


def build(packages, folder, options, left_out):
    """Writes the images and returns the items; counts images that are left out by reason."""
    metadata = {path[:-4] + ".png": Metadata(data) for path, data in packages["openclipart-svg"].contents(SVG)
                if isinstance(data, bytes) and path.endswith(".svg")}
    counts = {member: Counter(str(getattr(entry, member)) for entry in metadata.values()) for member in MAX_SHARED}
    items = []
    for path, data in packages["openclipart-png"].contents(PNG):
        if not path.endswith(".png"):
            continue
        entry = metadata.get(path)
        star = re.search(r"/star_(\d+)pt\d+step\.png$", path)
        if isinstance(data, str):
            left_out["links to another image"] += 1
        elif entry is None:
            left_out["no metadata"] += 1
        elif not entry.is_public_domain:
            left_out["licence not stated, or not public domain"] += 1
        elif star and int(star[1]) > MAX_STAR_POINTS:
            left_out[f"star polygons of more than {MAX_STAR_POINTS} points"] += 1
        elif not (text := captions(path, entry, counts)):
            left_out["no caption of their own"] += 1
        else:
            try:
                fingerprint = Fingerprint.of(data)
            except ValueError:
                left_out["unreadable, or more than 10 million pixels"] += 1
                continue
            if min(fingerprint.width, fingerprint.height) < MIN_SIDE:
                left_out[f"a side below {MIN_SIDE} pixels"] += 1
            elif fingerprint.is_blank:
                left_out["blank on white"] += 1
            else:
                parent, stem = os.path.split(path[:-4])
                row = {"file_name": f"images/{path}", "text": text, "class": "/".join(parent.split("/")[:2])}
                row |= {"keywords": ", ".join(entry.keywords)} if entry.keywords else {}
                row |= {"author": entry.author} if entry.author else {}
                folder.write(row["file_name"], data)
                items.append(Item(row, path, [(parent, re.sub(r"[\d_]+$", "", stem)), (entry.author, plain(text[0]))],
                                  data, fingerprint))
    return sorted(items, key=lambda item: item.name)
