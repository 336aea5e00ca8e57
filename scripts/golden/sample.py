"""Writes corpora/sample from the corpus noto-emoji: the images named below, with a palette of 32 colours each, and the licences.

    scripts/get-corpora noto-emoji /tmp/emoji --side 64
    python scripts/golden/sample.py /tmp/emoji

Run from the repository's root. Needs Pillow; the sample itself does not.
"""

import json
import sys
from pathlib import Path

from PIL import Image

COLORS = "red orange yellow green blue purple brown black white".split()
NAMES = {
    *(f"{color} heart" for color in (*COLORS, "pink", "light blue", "grey")),
    *(f"{color} circle" for color in COLORS), *(f"{color} square" for color in COLORS[:-2]),
    "black large square", "white large square", "large orange diamond", "large blue diamond",
    *"""grapes, melon, watermelon, tangerine, lemon, banana, pineapple, mango, red apple, green apple, pear, peach, cherries,
    strawberry, blueberries, kiwi fruit, tomato, coconut, avocado, eggplant, carrot, ear of corn, broccoli, mushroom,
    bread, cheese wedge, hamburger, pizza, doughnut, cookie, birthday cake, lollipop, dog face, cat face, lion, tiger face,
    horse face, cow face, pig face, mouse face, rabbit face, bear, koala, panda, fox, wolf, frog, monkey face, elephant, giraffe,
    zebra, penguin, owl, parrot, flamingo, duck, turtle, snake, whale, dolphin, tropical fish, shark, octopus, crab, butterfly,
    honeybee, lady beetle, snail, spider, rose, tulip, sunflower, hibiscus, cherry blossom, evergreen tree, deciduous tree,
    palm tree, cactus, four leaf clover, maple leaf, bus, fire engine, police car, taxi, automobile, tractor, bicycle,
    locomotive, sailboat, airplane, helicopter, rocket, sun, full moon, crescent moon, star, cloud, rainbow, snowflake, fire,
    droplet, umbrella, snowman, house, castle, volcano, soccer ball, basketball, tennis, balloon, wrapped gift, teddy bear,
    guitar, violin, trumpet, drum, umbrella with rain drops, t-shirt, jeans, dress, top hat, crown, glasses, key, hammer,
    scissors, light bulb, closed book, green book, blue book, orange book, pencil, bell, alarm clock, grinning face,
    winking face, smiling face with sunglasses, crying face, angry face, sleeping face, ghost, robot, thumbs up, up arrow,
    right arrow, down arrow, left arrow, check mark button, cross mark, flag: Japan, flag: France, flag: Germany, flag: Italy,
    flag: Switzerland, flag: Sweden, flag: Brazil, flag: Canada""".replace("\n", " ").replace("    ", "").split(", "),
}


def license(text, name):
    """The copyright lines and the text of a licence in a Debian copyright file."""
    paragraphs = [part for part in text.split("\n\n") if f"License:   {name}" in part]
    holders = next(part.split("Copyright:")[1].split("License:")[0] for part in paragraphs if "Copyright:" in part)
    lines = paragraphs[-1].split(f"License:   {name}\n")[1].splitlines()
    return f"Copyright {holders.strip()}\n\n" + "\n".join("" if line == " ." else line[1:] for line in lines) + "\n"


def main(source):
    target = Path("corpora/sample")
    (target / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for line in open(source / "metadata.jsonl", encoding="utf-8"):
        row = json.loads(line)
        if row["text"][0] in NAMES:
            image = Image.open(source / row["file_name"]).convert("RGB")
            image = image.quantize(colors=32, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            image.save(target / row["file_name"], optimize=True)
            rows.append({key: row[key] for key in ("file_name", "text", "class", "subgroup", "emoji", "split")})
    if missing := NAMES - {row["text"][0] for row in rows}:
        sys.exit(f"not in {source}: {', '.join(sorted(missing))}")
    for package, name, file in (("fonts-noto-color-emoji", "SIL-1.1", "images"),
                                ("unicode-cldr-core", "Unicode-DFS-2016", "captions")):
        text = (source / "copyright" / package).read_text(encoding="utf-8")
        (target / f"LICENSE-{file}").write_text(license(text, name), encoding="utf-8")
    with open(target / "metadata.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
