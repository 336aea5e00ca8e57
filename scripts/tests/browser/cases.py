"""What the tests of both pages share."""

import base64
import unittest

TILES = "#grid button.tile"


class BrowserCase(unittest.TestCase):
    """A test begins on a fresh page at 1280 pixels, and ends with a check of the console and of the hosts that were asked."""

    page = proxy = training = None
    path = "/"

    def setUp(self):
        self.proxy.reset()
        self.page.forget(self.proxy.url)
        self.page.screen()
        self.expected = []   # parts of console errors that the test provokes

    def tearDown(self):
        text = self.page.js("return document.body?.innerText ?? ''")
        self.assertEqual([word for word in ("undefined", "NaN", "Invalid Date", "[object") if word in text], [], "a value that is none")
        errors, elsewhere = self.page.problems(self.proxy.url)
        unexpected = [error for error in errors if not any(part in error for part in self.expected)]
        self.assertEqual(unexpected, [], "errors in the console")
        self.assertEqual(elsewhere, [], "requests to other hosts")

    def open(self, hash=""):
        self.page.open(self.proxy.url + self.path + hash)

    def assert_accessible(self, where):
        self.assertEqual(self.page.nameless(), [], f"controls without a name: {where}")
        self.assertEqual(self.page.low_contrast(), [], f"low contrast: {where}")
        self.assertEqual(self.page.overflow(), 0, f"wider than the window: {where}")


class PlaygroundCase(BrowserCase):
    """A test of the playground: it begins on the first page, with `models` as the server described them."""

    def setUp(self):
        super().setUp()
        models = []

        def remember(request, value):
            if request.path == "/v1/limn/models":
                models.append(value)
            return value

        self.proxy.edit = remember
        self.open()
        self.page.wait(lambda: self.page.all("#examples button"), "there are no examples")
        self.models = models[0]
        self.side = self.models["models"][0]["side"]

    def generate(self, prompt="a red flower", count=2, seed=None):
        if seed is not None:
            self.page.fill("#seed", str(seed))
        self.page.fill("#count", str(count))
        self.page.fill("#prompt", prompt)
        self.page.press(self.page.keys.ENTER)
        self.finished(count)

    def finished(self, count):
        self.page.wait(lambda: len(self.page.all(TILES)) == count and self.page.all("#generate"),
                       lambda: f"{len(self.page.all(TILES))} of {count} images: {self.page.text('#status')} {self.page.text('#error')}")

    def sources(self, selector=f"{TILES} img"):
        return self.page.js("return [...document.querySelectorAll(arguments[0])].map(e => e.src)", selector)

    # The greatest difference of the values of two images' pixels.
    DIFFERENCE = """
        const pixels = source => { const image = new Image(); image.src = source; return image.decode().then(() => {
          const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          return context.getImageData(0, 0, image.width, image.height).data; }); };
        return Promise.all([...arguments].map(pixels)).then(([one, other]) =>
          one.length === other.length ? one.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at])), 0) : Infinity);
        """

    def assert_alike(self, sources, others):
        """The same images, except for rounding, which depends on the batch that the server made of them."""
        self.assertEqual(len(sources), len(others))
        for source, other in zip(sources, others):
            self.assertLessEqual(self.page.js(self.DIFFERENCE, source, other), 3)

    def assert_different(self, source, other):
        self.assertGreater(self.page.js(self.DIFFERENCE, source, other), 20)

    def open_first(self, **settings):
        self.generate(**settings)
        self.page.click(TILES)
        self.page.one("#detail")

    def bodies(self, path="/v1/limn/images"):
        return [request.body for request in self.proxy.sent(f"^{path}$")]

    def drop(self, name, data, kind="image/png"):
        self.page.js("""
            const [name, kind, base64] = arguments, transfer = new DataTransfer();
            transfer.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], name, { type: kind }));
            for (const type of ["dragenter", "dragover", "drop"])
              document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
            """, name, kind, base64.b64encode(data).decode())
