"""The playground: one image and what is made of it, files, and the history."""

import base64
import time

from .cases import TILES, PlaygroundCase
from .server import png


class PlaygroundImages(PlaygroundCase):
    # One image

    def test_detail_facts_neighbours_and_focus(self):
        self.generate(count=3, seed=11)
        self.page.all(TILES)[0].send_keys(self.page.keys.ENTER)
        self.page.one("#detail")
        self.assertIn("11", self.page.text("#facts"))
        first = self.page.js("return document.querySelector('#shown').src")
        self.assertEqual(first, self.sources()[0])
        self.page.press(self.page.keys.ARROW_RIGHT)
        self.page.wait(lambda: "12" in self.page.text("#facts"), "the arrow key does not go on")
        self.assertNotEqual(self.page.js("return document.querySelector('#shown').src"), first)
        self.page.click("#previous")
        self.assertTrue(self.page.js("return document.querySelector('#previous').disabled"))
        self.page.click("#detail .pixels-toggle")
        self.assertEqual(self.page.js("return getComputedStyle(document.querySelector('#shown')).imageRendering"), "pixelated")
        self.page.press(self.page.keys.ESCAPE)
        self.page.wait(lambda: not self.page.all("#detail"), "Escape does not close")
        self.assertEqual(self.page.focused(), "tile")

    def test_use_this_seed(self):
        self.generate(count=3, seed=20)
        self.page.all(TILES)[2].click()
        self.page.click("#use-seed")
        self.assertEqual((self.page.value("#seed"), self.page.js("return document.querySelector('#lock').ariaPressed")), ("22", "true"))

    def test_variations(self):
        self.open_first(count=1, seed=3)
        original = self.page.js("return document.querySelector('#shown').src")
        self.page.set("#strength", "0.4")
        self.page.click("#tool-variations button.main")
        self.page.wait(lambda: len(self.page.all("#variations button")) == 8 and not self.page.text("#detail-status"), "no variations")
        body = self.bodies()[-1]
        self.assertEqual((body["seed"], body["variation"]["strength"], body["n"]), ("3", 0.4, 8))
        self.assertEqual(len(set(self.sources("#variations img")) | {original}), 9)
        chosen = self.sources("#variations img")[1]
        self.page.all("#variations button")[1].click()
        self.page.wait_text("#facts", "strength 0.4")
        self.assertEqual(self.page.js("return document.querySelector('#shown').src"), chosen)
        # Its link makes it again.
        self.page.js("Object.defineProperty(navigator, 'clipboard', { value: { writeText: async text => { window.copied = text; } } })")
        self.page.click("#copy")
        link = self.page.wait(lambda: self.page.js("return window.copied"), "nothing is copied")
        self.page.click("#back")
        self.assertEqual(self.page.js("return document.querySelector('#shown').src"), original)
        self.page.open(link)
        self.finished(1)
        self.assert_alike(self.sources(), [chosen])
        self.assertIn("strength 0.4", self.page.text("#variation-text"))
        self.page.click("#variation-remove")
        self.generate(count=1, seed=3)
        self.assertNotIn("variation", self.bodies()[-1])
        self.assert_alike(self.sources(), [original])

    def test_change_a_word(self):
        self.open_first(prompt="a red flower", count=1, seed=9)
        self.page.click_label("Change a word")
        self.page.click("#words button:nth-child(2)")
        self.assertEqual(self.page.js("const e = document.activeElement; return e.value.slice(e.selectionStart, e.selectionEnd)"), "red")
        self.page.press("blue")
        self.page.wait(lambda: self.page.all("#changed-figure"), "no second image")   # without a click: it follows the typing
        body = self.bodies()[-1]
        self.assertEqual((body["prompt"], body["seed"], body["n"]), ("a blue flower", "9", 1))
        self.assertEqual([e.text for e in self.page.all("mark")], ["red", "blue"])
        self.assert_different(*self.sources("#shown, #changed"))
        changed = self.sources("#changed")[0]
        self.page.screenshot("playground-change-a-word")
        self.page.click("#keep")
        self.page.wait_text("#facts", "a blue flower")
        self.assertEqual(self.sources("#shown")[0], changed)

    def test_walk(self):
        self.open_first(count=1, seed=4)
        start = self.sources("#shown")[0]
        self.page.click_label("Walk")
        self.page.fill("#to-prompt", "a yellow flower")
        self.page.fill("#frames", "5")
        self.page.press(self.page.keys.ENTER)
        self.page.one("#frame")
        body = self.bodies("/v1/limn/walks")[-1]
        self.assertEqual((body["from"], body["to"]["prompt"], body["frames"]), ({"prompt": "a red flower", "seed": "4"}, "a yellow flower", 5))
        self.assert_alike(self.sources("#shown"), [start])
        seen = set()
        for index in range(5):
            self.page.set("#frame", str(index))
            seen |= set(self.sources("#shown"))
        self.assertEqual(len(seen), 5)
        self.assertEqual(self.page.text("#frame-text"), "100 %")
        self.page.set("#frame", "0")
        self.page.click("#play")
        self.page.wait(lambda: self.page.value("#frame") != "0", "it does not play")
        self.page.click("#play")
        stopped = self.page.value("#frame")
        time.sleep(0.3)
        self.assertEqual(self.page.value("#frame"), stopped)
        self.page.screenshot("playground-walk")

    # Files and history

    def saved(self):
        """Clicks Download, and returns the name and the bytes of the file."""
        known = set(self.page.downloads.iterdir())
        self.page.click("#download")
        done = lambda: [path for path in self.page.downloads.iterdir() if path not in known and path.suffix == ".png"]
        path = self.page.wait(done, "nothing is saved")[0]
        return path.name, path.read_bytes()

    def test_download_and_drop(self):
        self.page.set("#truncation-slider", "0.9")
        self.page.set("#size", str(2 * self.side))
        self.open_first(prompt="a purple flower", count=1, seed=2 ** 63 + 1)
        name, data = self.saved()
        self.assertEqual(name, f"a-purple-flower-seed-{2 ** 63 + 1}.png")
        self.assertEqual(data, base64.b64decode(self.sources("#shown")[0].split(",")[1]))
        self.assertIn(b"a purple flower", data)
        self.page.click("#close")
        images = self.sources()

        self.page.forget(self.proxy.url)
        self.open()
        self.page.wait(lambda: self.page.all("#examples button"), "the page does not begin")
        self.drop(name, data)
        self.page.wait_text("#status", "Restored the settings")
        shown = {field: self.page.value(f"#{field}") for field in ("prompt", "seed", "truncation", "size")}
        self.assertEqual(shown, {"prompt": "a purple flower", "seed": str(2 ** 63 + 1), "truncation": "0.9", "size": str(2 * self.side)})
        self.assertEqual(self.sources(), images)
        self.page.click("#generate")
        self.page.wait_text("#status", "1 image in")
        self.assert_alike(self.sources(), images)

    def test_files_that_are_of_no_use(self):
        red = lambda x, y: (200, 0, 0)
        self.drop("photo.png", png(red))
        self.page.wait_text("#error", "photo.png does not say how it was made")
        self.drop("notes.txt", b"not an image", "text/plain")
        self.page.wait_text("#error", "notes.txt is not a PNG")
        self.drop("empty.png", b"")
        self.page.wait_text("#error", "empty.png is not a PNG")
        self.assertFalse(self.page.all("#drop"))
        other = [("prompt", "a house"), ("seed", "5"), ("model", "houses-128"), ("Software", "Limn")]
        self.drop("house.png", png(red, text=other))
        self.page.wait_text("#status", "houses-128, which this server does not have")
        self.assertEqual(self.page.value("#prompt"), "a house")
        self.expected = ["status of 400"]   # if the server refuses a damaged PNG
        self.drop("damaged.png", png(red)[:60])
        self.page.wait_text("#error", " ")

    def test_history(self):
        self.generate(prompt="a red flower", count=1, seed=1)
        first = self.sources()
        self.generate(prompt="a blue flower", count=4, seed=2)
        self.page.wait(lambda: len(self.page.all("#history button")) == 2, "no history")
        self.assertEqual(len(self.page.all("#history img")), 5)
        self.open()
        self.page.wait(lambda: len(self.page.all("#history button")) == 2, "the history is lost")
        self.page.all("#history button")[1].click()
        self.page.wait(lambda: len(self.page.all(TILES)) == 1 and self.page.all("#generate"), "not one image again")
        self.assert_alike(self.sources(), first)
        self.page.click("#history-clear")
        self.assertFalse(self.page.all("#history-section"))
        # Storage that holds something else does not matter.
        for damaged in ('[{"link": 7}, {}, null, {"link": "#prompt=a"}]', '{"a": 1}', "7", "{"):
            self.page.js("localStorage.setItem('limn-history', arguments[0]); localStorage.setItem('limn-pixels', '{')", damaged)
            self.open()
            self.page.wait(lambda: self.page.all("#examples button"), f"the page does not begin with {damaged}")
