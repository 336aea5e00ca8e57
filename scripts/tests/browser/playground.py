"""The playground: generating, what the server may answer, and the ways to use the page."""

from .cases import TILES, PlaygroundCase
from .faults import Answer


class Playground(PlaygroundCase):
    # Generating

    def test_example_streams_into_the_grid(self):
        self.proxy.hold_after = 3
        self.page.click("#examples button")
        self.page.wait(lambda: len(self.page.all(TILES)) == 3 and len(self.page.all("#grid .wait")) == 5, "the grid does not fill one by one")
        self.assertAlmostEqual(self.page.js("return document.querySelector('#progress').position"), 3 / 8)
        self.proxy.hold_after = None
        self.finished(8)
        self.assertEqual(self.page.js("return document.querySelector('#progress').position"), 1)
        self.assertIn("8 images in", self.page.text("#status"))
        self.assertEqual(self.page.js(f"return [...document.querySelectorAll('{TILES} img')].map(e => e.naturalWidth)"), [self.side] * 8)
        self.assertEqual(len(set(self.sources())), 8)
        self.assertFalse(self.page.all("#empty"))

    def test_images_finished_in_another_order(self):
        self.page.js("""
            const original = window.fetch;
            window.fetch = async (path, options) => path !== "/v1/limn/images" ? original(path, options)
              : new Response((await (await original(path, options)).text()).trim().split("\\n").reverse().join("\\n"));
            """)
        self.generate(count=3, seed=30)
        self.assertEqual(self.page.js(f"return [...document.querySelectorAll('{TILES}')].map(e => e.dataset.seed)"), ["30", "31", "32"])
        self.page.click(TILES)
        self.assertTrue(self.page.js("return document.querySelector('#previous').disabled"), "it is not the first")

    def test_cancel(self):
        self.proxy.hold_after = 2
        self.page.fill("#count", "40")
        self.page.fill("#prompt", "a white flower")
        self.page.click("#generate")
        self.page.wait(lambda: len(self.page.all(TILES)) == 2, "no images")
        self.page.click("#cancel")
        self.page.wait_text("#status", "Cancelled after 2 of 40 images")
        self.assertFalse(self.page.all("#grid .wait"))
        self.assertEqual(len(self.page.all(TILES)), 2)
        self.page.wait(lambda: self.proxy.cancelled == 1, "the connection stays open")
        self.assertEqual(self.page.text("#error"), "")

    def test_seed_lock_and_reroll(self):
        self.generate()
        first = self.page.value("#seed")
        self.generate()
        self.assertNotEqual(self.page.value("#seed"), first, "an unlocked seed stays")
        self.page.click("#lock")
        locked, images = self.page.value("#seed"), self.sources()
        self.generate()
        self.assertEqual(self.page.value("#seed"), locked)
        self.assert_alike(self.sources(), images)
        self.assert_different(*self.sources())
        self.page.click("#reroll")
        self.assertNotEqual(self.page.value("#seed"), locked)
        self.assertEqual(self.page.js("return document.querySelector('#lock').ariaPressed"), "true")

    def test_largest_seed_and_seeds_that_are_none(self):
        largest = 2 ** 64 - 1
        self.generate(count=1, seed=largest)
        self.assertEqual(self.bodies()[-1]["seed"], str(largest))
        self.assertEqual(self.page.js(f"return document.querySelector('{TILES}').dataset.seed"), str(largest))
        for seed in (str(largest + 1), "-1", "1.5", "seven", ""):
            self.page.fill("#seed", seed)
            self.page.click("#generate")
            self.page.wait_text("#error", "The seed must be a whole number")
            self.assertEqual(self.page.focused(), "seed")
        self.assertEqual(len(self.bodies()), 1)

    def test_truncation_size_and_count(self):
        self.generate(count=1, seed=5)
        plain = self.sources()
        self.assertIsNone(self.bodies()[-1]["truncation"])
        self.page.set("#truncation-slider", "0.5")
        self.assertEqual(self.page.value("#truncation"), "0.5")
        self.page.set("#size", str(2 * self.side))
        self.generate(count=1, seed=5)
        self.assertEqual((self.bodies()[-1]["truncation"], self.bodies()[-1]["size"]), (0.5, 2 * self.side))
        self.assertEqual(self.page.js(f"return document.querySelector('{TILES} img').naturalWidth"), 2 * self.side)
        self.assertNotEqual(self.sources(), plain)
        self.page.set("#truncation-slider", "3.1")
        self.assertEqual(self.page.value("#truncation"), "", "the right end is off")
        for count in ("0", "65", "1.5"):
            self.page.fill("#count", count)
            self.page.click("#generate")
            self.page.wait_text("#error", "The number of images is 1 to")

    def test_link_reproduces_images(self):
        self.page.set("#truncation-slider", "0.7")
        self.generate(prompt="a pink flower & 50% <b>more</b>", count=2, seed=77)
        images, link = self.sources(), self.page.js("return location.href")
        self.page.forget(self.proxy.url)
        self.page.open(link)
        self.finished(2)
        self.assert_alike(self.sources(), images)
        self.assertEqual(self.page.value("#prompt"), "a pink flower & 50% <b>more</b>")
        # The next seed of a link is its own: the seed is locked.
        self.assertEqual((self.page.value("#seed"), self.page.js("return document.querySelector('#lock').ariaPressed")), ("77", "true"))
        for damaged in ("#prompt=&seed=1", "#prompt=a&seed=x&n=-4&truncation=no&variation=:&size=", "#%%%"):
            self.open(damaged)
            self.page.wait(lambda: self.page.all("#examples button") or self.page.all(TILES), f"nothing with {damaged}")

    # The server

    def test_model_picker(self):
        def two_models(request, value):
            if request.path == "/v1/limn/models":
                value["models"].append({**value["models"][0], "id": "second", "card": "# The second\n\nA **card**.\n\n- one\n- two"})
            return value

        self.proxy.edit = two_models
        self.proxy.answer = lambda request: Answer(400, {"error": {"message": "asked for second"}}) if request.body and request.body.get("model") == "second" else None
        self.expected = ["400"]
        self.open()
        self.page.wait(lambda: len(self.page.js("return [...document.querySelector('#model').options].map(o => o.value)")) == 2, "not two models")
        self.page.set("#model", "second")
        self.page.click("summary")
        self.assertEqual([e.text for e in self.page.all("#card h3, #card strong, #card li")], ["The second", "card", "one", "two"])
        self.page.fill("#prompt", "a flower")
        self.page.click("#generate")
        self.page.wait_text("#error", "asked for second")

    def test_api_key(self):
        self.expected = ["401"]
        self.proxy.answer = lambda request: None if request.path == "/" or request.headers.get("Authorization") == "Bearer open sesame" \
            else Answer(401, {"error": {"message": "no key"}})
        # The server does not know this key: the proxy alone asks for it.
        self.open()
        self.page.fill("#key-input", "wrong")
        self.page.press(self.page.keys.ENTER)
        self.page.wait_text("#key-note", "did not accept")
        self.page.fill("#key-input", "open sesame")
        self.page.press(self.page.keys.ENTER)
        self.page.wait(lambda: self.page.all("#examples button"), "the key does not open")
        self.generate(count=1)
        self.open()
        self.page.wait(lambda: self.page.all("#examples button"), "the key is forgotten")
        self.page.js("sessionStorage.clear()")
        self.open()
        self.page.click("#key-cancel")
        self.page.wait_text("#error", "needs an API key")

    def test_busy_server(self):
        self.expected = ["429"]
        refusals = [Answer(429, {"error": {"message": "busy"}}, Retry_After="2")]
        self.proxy.answer = lambda request: refusals.pop() if refusals and request.path == "/v1/limn/images" else None
        self.page.fill("#prompt", "a flower")
        self.page.click("#generate")
        self.page.wait_text("#status", "busy: trying again in 2 s")
        self.page.wait_text("#status", "busy: trying again in 1 s")
        self.finished(8)
        self.assertEqual(len(self.bodies()), 2)

        refusals.append(Answer(429, {"error": {"message": "busy"}}, Retry_After="60"))
        self.page.click("#generate")
        self.page.wait_text("#status", "trying again in 60 s")
        self.page.click("#cancel")
        self.page.wait_text("#status", "Cancelled after 0 of 8 images")

    def test_errors_are_one_line(self):
        self.expected = ["400", "500", "ERR_"]
        self.page.click("#generate")
        self.page.wait_text("#error", "Describe the image first.")
        self.assertEqual(self.page.focused(), "prompt")
        self.page.fill("#prompt", "a flower")
        self.proxy.answer = lambda request: Answer(400, {"error": {"message": "the prompt is not good"}}) if request.body else None
        self.page.click("#generate")
        self.page.wait_text("#error", "the prompt is not good")
        self.proxy.answer = lambda request: Answer(500, "oops") if request.body else None
        self.page.click("#generate")
        self.page.wait_text("#error", "The server answered 500")
        self.proxy.answer = lambda request: None
        self.proxy.hold_after = 2
        self.page.click("#generate")
        self.page.wait(lambda: len(self.page.all(TILES)) == 2, "no images")
        self.proxy.down = True
        self.page.wait_text("#error", "The connection ended")
        self.assertEqual(len(self.page.all(TILES)), 2, "images that came are kept")
        self.page.click("#generate")
        self.page.wait_text("#error", "The server does not answer")
        self.proxy.reset()
        self.page.click("#generate")
        self.finished(8)
        self.assertFalse(self.page.all("#error"))

    def test_streams_that_end_early(self):
        self.page.js("""
            const original = window.fetch;
            window.answer = JSON.stringify({ error: { message: "out of memory" } });
            window.fetch = (path, options) => path === "/v1/limn/images" ? Promise.resolve(new Response(answer)) : original(path, options);
            """)
        self.page.fill("#prompt", "a flower")
        self.page.click("#generate")
        self.page.wait_text("#error", "out of memory")
        self.page.js("window.answer = ''")
        self.page.click("#generate")
        self.page.wait_text("#error", "The connection ended after 0 of 8 images.")

    # Ways to use it

    def test_keyboard_alone(self):
        keys = self.page.keys
        self.assertEqual(self.page.focused(), "prompt")
        self.page.press("a tall red flower", keys.ENTER)
        self.finished(8)
        self.page.tab_to("e.matches('.tile')")
        self.page.press(keys.TAB, keys.ENTER)
        self.page.one("#detail")
        self.page.tab_to("e.name === 'tool'")
        self.page.press(keys.ARROW_RIGHT)
        self.page.one("#tool-edit")
        self.page.tab_to("e.textContent === 'red'")
        self.page.press(keys.ENTER, "white")
        self.page.wait(lambda: self.page.all("#changed-figure"), "no change")
        self.page.tab_to("e.name === 'tool'", most=80)
        self.page.press(keys.ARROW_RIGHT)
        self.page.tab_to("e.id === 'frames'")
        self.page.press(keys.CONTROL + "a" + keys.CONTROL)
        self.page.press("3", keys.ENTER)
        self.page.wait(lambda: self.page.focused() == "play", "the walk does not come")
        self.page.press(keys.TAB, keys.ARROW_RIGHT)
        self.assertEqual(self.page.value("#frame"), "1")
        self.page.press(keys.ESCAPE)
        self.page.wait(lambda: not self.page.all("#detail"), "Escape does not close")
        # The focus is visible.
        self.page.press(keys.TAB)
        self.assertEqual(self.page.js("return getComputedStyle(document.activeElement).outlineStyle"), "solid")

    def test_screens(self):
        grounds = set()
        for dark in (False, True):
            for width, height in ((1280, 900), (360, 740)):
                where = f"playground-{width}-{'dark' if dark else 'light'}"
                self.page.screen(width, height, dark)
                self.open()
                self.page.wait(lambda: self.page.all("#examples button"), "the page does not begin")
                self.assert_accessible(f"{where}-first")
                self.page.screenshot(f"{where}-first")
                self.generate(prompt="a purple flower with a yellow center", count=8, seed=1)
                self.page.wait(lambda: self.page.all("#history img"), "no history")
                self.assert_accessible(where)
                self.page.screenshot(where)
                self.page.click(TILES)
                for tool in ("variations", "edit", "walk"):
                    self.page.js("document.querySelector(`[name=tool][value=${arguments[0]}]`).click()", tool)
                    self.assert_accessible(f"{where}-{tool}")
                    self.page.screenshot(f"{where}-{tool}")
                grounds.add(self.page.js("return getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(len(grounds), 2, "dark looks like light")
