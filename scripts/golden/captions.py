"""Test strings for tokenizers: captions in many languages and scripts, and adversarial strings."""

import bz2
import random
import unicodedata

CAPTIONS = {
    "en": ["a flower with purple petals and a yellow center", "This flower's stamen isn't white; it's red!", "3 petals, 12cm wide (approx.)"],
    "de": ["eine Blüte mit weißen Blättern", "Große gelbe Straßenblume für Mädchen", "ÄÖÜ äöü ß ẞ"],
    "fr": ["une fleur rouge à cinq pétales", "l'œillet d'été, très coloré", "Où est la fleur de l'île ? Ici !"],
    "es": ["una flor amarilla con el centro marrón", "¿Cuántos pétalos tiene? ¡Ocho!", "el niño y la mañana"],
    "pt": ["uma flor roxa com pétalas pequenas", "coração de maçã não é flor", "São três pétalas"],
    "pl": ["żółty kwiat z czerwonym środkiem", "Zażółć gęślą jaźń", "kwiat o pięciu płatkach"],
    "cs": ["červená květina s bílým středem", "Příliš žluťoučký kůň úpěl ďábelské ódy", "dvě růže"],
    "tr": ["kırmızı yapraklı bir çiçek", "İstanbul'da ışıklı bir gül", "IĞDIR ığdır"],
    "vi": ["một bông hoa màu tím với nhụy vàng", "Cánh hoa trắng rất đẹp", "bốn cánh hoa"],
    "ru": ["цветок с красными лепестками", "Жёлтая сердцевина, белые лепестки", "ёлка и подъезд"],
    "uk": ["квітка з білими пелюстками", "Їжак знайшов ґудзик", "п'ять пелюсток"],
    "el": ["ένα κόκκινο τριαντάφυλλο", "ΜΕΓΑΛΟΣ ΚΗΠΟΣ ΣΣΣ", "ᾠδὴ τοῦ ἄνθους"],
    "he": ["פרח אדום עם עלי כותרת לבנים", "שָׁלוֹם עוֹלָם", "\u200fפרח (צהוב)"],
    "ar": ["زهرة حمراء ذات مركز أصفر", "ٱلسَّلَامُ عَلَيْكُمْ", "وردة ١٢٣ بيضاء؟"],
    "fa": ["گل قرمز با گلبرگ‌های بزرگ", "می‌خواهم گل بنفش", "۴۵۶ گلبرگ"],
    "hi": ["लाल पंखुड़ियों वाला फूल", "क़लम और ज़मीन", "पाँच पंखुड़ियाँ।"],
    "bn": ["লাল পাপড়ির ফুল", "বড় হলুদ কেন্দ্র", "কোনো ফুল"],
    "ta": ["சிவப்பு இதழ்கள் கொண்ட பூ", "கொடி மலர்", "வெள்ளை"],
    "te": ["ఎర్రటి రేకులున్న పువ్వు", "పసుపు", "తెల్లని"],
    "th": ["ดอกไม้สีแดงที่มีเกสรสีเหลือง", "น้ำและกล้วยไม้", "สวยมากๆ"],
    "lo": ["ດອກໄມ້ສີແດງ", "ນໍ້າ"],
    "km": ["ផ្កាក្រហម", "ផ្កាស្អាត"],
    "my": ["ပန်းနီတစ်ပွင့်", "အဝါရောင်"],
    "ka": ["წითელი ყვავილი", "ᲧᲕᲐᲕᲘᲚᲘ ყვავილი"],
    "hy": ["կարմիր ծաղիկ", "ԾԱՂԻԿ և տերև"],
    "am": ["ቀይ አበባ", "ቢጫ መሃል።"],
    "zh": ["一朵红色的花,花瓣很大", "黃色花蕊的紫色花朵。", "花㐀𠀀豈"],
    "ja": ["赤い花びらと黄色い中心の花", "カーネーション、ｶﾞ ﾊﾟ", "が か\u3099 ㍿ ㋿"],
    "ko": ["빨간 꽃잎과 노란 꽃술", "\u1112\u1161\u11ab\u1100\u1173\u11af 꽃", "하얀 꽃 5송이"],
    "chr": ["ᏣᎳᎩ ꮳꮃꭹ"], "bo": ["མེ་ཏོག་དམར་པོ།"], "mn": ["ᠮᠣᠩᠭᠣᠯ", "улаан цэцэг"], "emoji": ["🌹 a rose 🌷🌸", "👩‍👩‍👧‍👦🏳️‍🌈🇫🇷1️⃣👍🏽", "❤️‍🔥🫶"],
}

# Never assigned, so that no version of Unicode gives them a meaning.
NONCHARACTERS = ["\ufdd0", "\ufffe", "\uffff", "\U0001fffe", "\U0010ffff"]

HOSTILE = [
    "", " ", "\n", "\t\r\n \x0b\x0c", "\0", "a\0b", "\x01\x02\x7f\x80\x9f", "\u200d" * 50, "👩" + "\u200d👩" * 40, "a" + "\u0300" * 300,
    "a" + "\u0323\u0301" * 100, "\u0301\u0301x", "\u202eevil\u202c \u2066x\u2069\u200f", "\ue000\uf8ff\U000f0000\U0010fffd", "\u0378\u0379\u05ff",
    "\ufffd\ufffd a\ufffd", "".join(NONCHARACTERS), "\ufeffmark \ufeff", "a\u00adb\u200bc\u2060d", "ﬁ ﬂ ﬃ ½ ² ③ ℡ ㎞ ﷺ", "Ǆ ǅ ǆ ŉ ǰ ΐ ﬓ", "İI ıi ﬀ ẞß",
    "[CLS] a [SEP] [MASK] [PAD][UNK]", "[cls][MASK]s x[MASK]", "<|startoftext|>a<|endoftext|> <|STARTOFTEXT|>", "<s> a </s> <mask> <unk>", "a <mask>b  <mask>  c",
    "<pad><start><end>", "don't can't I'm we've they'll he'd it's o'clock 'S 'T", "''s '' 're've!'s", "a  b   c    d", "  a", "a  ", "a \n\n b\r\nc", "\u3000a\u2003b\u00a0c\u2028d\u2029e\u1680f\u180eg",
    "x" * 99, "x" * 100, "x" * 101, "petal" * 60, "é" * 100, "é" * 101, "花" * 120, "1234567890" * 12, "!" * 200, "." * 99 + "a", "a.b,c;d:e!f?g", "$10 + 5% = #1 @me ~^`|", "http://a.b/c?d=e&f#g",
    "한\u11a8 \u1100\u1161\u11a8", "\u0958\u0915\u093c", "\u1e9b\u0323", "\u212b\u2126\u212a", "q\u0323\u0307 q\u0307\u0323", "ά ά Ά", "\u0344\u0345", "ΐ", "𝔸𝕓𝟘 𝒻", "①②Ⅳ⅓ ٣ ४ 五", "word_word wordword", "a-b–c—d",
    "\u0f71\u0f72\u0f74\u0f80", "\u0e33\u0eb3", "\u0dd9\u0dca\u0dcf", "\U000110ba \U0001112e", "𐐀𐐨 𞤀𞤢", "Σίσυφος ΣΊΣΥΦΟΣ", "º ª µ", "'\u017f", "a\u2044b", "\U0001d15e\U0001d1bb",
    "<0x41><0xE2>", "▁a ▁▁b", "Ġa Ċ", "</w> a</w>b", "##a ## #", "yes_word new-word newword new word NEW", "  new  ", "xnew newx new",
]


def variants(text):
    yield text
    yield text.upper()
    yield text.title()
    for form in ["NFD", "NFKC", "NFKD"]:
        yield unicodedata.normalize(form, text)
    yield "  " + text.replace(" ", "  ") + " "
    yield text[::-1]
    yield text.replace(" ", "\u3000") + "\n" + text[: len(text) // 2]
    yield text.replace(" ", "")


def is_known(text):
    """Whether all characters are in Unicode 12; newer ones depend on the tables of each library."""
    return all(unicodedata.category(c) != "Cn" or c in NONCHARACTERS + ["\u0378", "\u0379", "\u05ff"] for c in text)


def unicode_tests(folder, count):
    """Strings of Unicode's own tests: NormalizationTest.txt, GraphemeBreakTest.txt and emoji-test.txt."""
    for name in ["NormalizationTest.txt", "GraphemeBreakTest.txt", "emoji-test.txt"]:
        rows = []
        path = next(folder.rglob(name + "*"))
        text = (bz2.open if path.suffix == ".bz2" else open)(path, "rt", encoding="utf-8").read()
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if not line or line.startswith("@"):
                continue
            if name.startswith("Norm"):
                fields = line.split(";")[:5]
            else:
                fields = [line.split(";")[0].replace("÷", "").replace("×", "")]
            for field in fields:
                points = [int(p, 16) for p in field.split()]
                if not any(0xD800 <= p < 0xE000 for p in points):
                    rows.append("".join(map(chr, points)))
        rows = list(dict.fromkeys(rows))
        yield from rows[:: max(1, len(rows) // count)] if count else rows


def random_strings(count, seed=1):
    source = random.Random(seed)
    words = [w for texts in CAPTIONS.values() for t in texts for w in t.split()]
    pools = [
        words, HOSTILE[:40], list("abcdefgh ABC.,;'!0123  "), ["\u200d", "\ufe0f", "\u0301", "\u0323", "\u20e3", "👩", "🏽", "🇫", "🇷", "é", "e"],
        ["\u202a", "\u202e", "\u2066", "\u2069", "\u200e", "\u200f", "א", "a", " "], list("ქⴀᏣꭰΣσςßẞİıǅﬁ가각각がぱ"), [" ", "\n", "\t", "\u3000", "\u00a0", "\u2028", "\u0085", "x", "花"],
    ]
    for _ in range(count):
        pool = source.choice(pools)
        second = source.choice(pools)
        parts = [source.choice(pool if source.random() < 0.7 else second) for _ in range(source.randint(1, 14))]
        yield source.choice(["", "", " "]).join(parts)[:120]


def strings(unicode_folder, count=500, random_count=1200):
    """All test strings without duplicates."""
    result = [v for texts in CAPTIONS.values() for text in texts for v in variants(text)]
    result += HOSTILE
    result += [s for s in unicode_tests(unicode_folder, count)]
    result += list(random_strings(random_count))
    return [s for s in dict.fromkeys(result) if is_known(s)]
