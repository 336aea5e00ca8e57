"""The dashboard, on a training run that the test writes."""

from .cases import BrowserCase
from .faults import Answer

POLLED = 12   # seconds in which a change must be seen: two polls and some
PLOT = ".chart svg"


class Dashboard(BrowserCase):
    path = "/runs"

    def setUp(self):
        super().setUp()
        if not self.training:
            self.skipTest("needs a server that the test starts")
        self.training.write_rows(self.training.ROWS)

    def open_run(self, stage=None):
        self.open(f"#run={self.training.folder.name}" + (f"&stage={stage}" if stage else ""))
        self.page.wait(lambda: self.page.all(PLOT), lambda: f"no charts: {self.page.text('#banner')}")

    def chart(self, title):
        """The place of a chart, from 0, after opening the section that it is in."""
        index = self.page.js("""
            const charts = [...document.querySelectorAll(".chart")], found = charts.findIndex(c => c.querySelector("h3").textContent === arguments[0]);
            if (found >= 0) charts[found].closest("details").open = true;
            charts.forEach((chart, at) => { chart.id = `chart-${at}`; });
            return found;""", title)
        self.assertGreaterEqual(index, 0, f"no chart {title}")
        return f"#chart-{index}"

    def titles(self):
        return self.page.js("return [...document.querySelectorAll('.chart h3')].map(e => e.textContent)")

    def legend(self, title):
        """The values of a chart's legend by name."""
        texts = self.page.js("return [...document.querySelectorAll(arguments[0] + ' .legend button')].map(e => [e.childNodes[1].data, e.querySelector('b').textContent])", self.chart(title))
        return dict(texts)

    def paths(self, title):
        return self.page.js("return [...document.querySelectorAll(arguments[0] + ' path.curve:not(.raw)')].map(e => e.getAttribute('d'))", self.chart(title))

    def axis(self, title):
        return self.page.js("return [...document.querySelectorAll(arguments[0] + ' text.x')].map(e => e.textContent)", self.chart(title))

    def test_list_leads_to_a_run(self):
        self.open()
        self.page.wait(lambda: self.page.all("#runs a"), "no runs")
        self.assertIn(self.training.folder.name, self.page.text("#runs"))
        self.assertIn("64,000", self.page.text("#runs"))
        self.page.press(self.page.keys.TAB)
        self.page.tab_to("e.matches('#runs a')")
        self.page.press(self.page.keys.ENTER)
        self.page.wait_text("#name", self.training.folder.name)
        self.page.click("#all")
        self.page.wait(lambda: self.page.all("#runs a"), "no way back")

    def test_every_key_is_drawn(self):
        self.open_run()
        expected = ["R-precision", "Fréchet distance", "Kernel distance", "Losses", "Logits, mean of all heads", "Logits, head 0", "Logits, head 1",
                    "Losses, head 0", "Gradient norms", "Learning rates", "Images per second", "Time spent waiting for data", "Skipped updates", "novel.measure"]
        self.assertEqual([title for title in expected if title not in self.titles()], [])
        self.assertEqual(self.page.js("return document.querySelector('#sections details:last-child summary').textContent"), "Other")
        self.assertEqual(list(self.legend("Logits, head 1")), ["real", "mismatch", "fake"])
        for title in expected:
            self.page.wait(lambda: self.paths(title) and all(len(path) > 20 for path in self.paths(title)), f"{title} is empty")
        self.assertEqual(self.legend("R-precision"), {"generated": "60 %", "real images": "41 %"})
        self.assertIn("the last line", self.page.text("#log"))
        self.assertIn("gan:", self.page.text("#recipe"))
        self.assertIn("64,000 of", self.page.text("#facts"))

    def test_encoder(self):
        self.open_run()
        self.page.click_label("Encoder")
        self.page.wait(lambda: "Recall, text to image" in self.titles(), "no retrieval")
        self.assertEqual(self.legend("Recall, text to image")["rank 1"], "20 %")
        self.assertNotIn("R-precision", self.titles())
        self.assertIn("stage=encoder", self.page.js("return location.hash"))
        self.page.click_label("Generator")
        self.page.wait(lambda: "R-precision" in self.titles(), "no way back")

    def test_readout_and_legend(self):
        self.open_run()
        self.page.set("#smoothing", "0")
        chart = self.chart("novel.measure")
        self.assertEqual(self.legend("novel.measure"), {"novel.measure": "40"})
        self.page.hover(f"{chart} svg", 0.5, 0.5)
        value = int(self.legend("novel.measure")["novel.measure"])
        self.assertTrue(17 <= value <= 22, value)
        self.assertEqual(self.legend("Losses")["fake"], f"{0.2 * value:.3g}", "other charts follow")
        self.assertEqual(*self.page.js("return [...document.querySelectorAll('.chart:has(path)')].map(e => e.querySelectorAll('line.cursor').length).reduce("
                                       "([drawn, with_], n) => [drawn + 1, with_ + n], [0, 0])"), "a crosshair in each chart")
        self.page.hover("#name", 0.5, 0.5)
        self.page.wait(lambda: self.legend("novel.measure") == {"novel.measure": "40"}, "the crosshair stays")
        self.page.js("document.querySelector(arguments[0] + ' svg').focus()", chart)
        self.page.press(self.page.keys.ARROW_LEFT, self.page.keys.ARROW_LEFT)
        self.assertEqual(self.legend("novel.measure"), {"novel.measure": "39"})
        self.assertIn("at 62,400 images", self.page.text("#readout"))
        losses = self.chart("Losses")
        self.page.click(f"{losses} .legend button")
        self.assertEqual(len(self.paths("Losses")), 2)

    def test_smoothing_and_logarithm(self):
        self.open_run()
        smooth = self.paths("Losses")
        self.page.set("#smoothing", "0")
        plain = self.paths("Losses")
        self.assertNotEqual(smooth, plain)
        self.page.click(f"{self.chart('Losses')} .bar button")
        self.assertNotEqual(self.paths("Losses"), plain)
        self.assertTrue(self.page.js("return document.querySelector(arguments[0]).disabled", f"{self.chart('Logits, head 0')} .bar button"), "logarithm of negative values")

    def test_zoom(self):
        self.open_run()
        chart = self.chart("Losses")
        self.assertEqual(self.axis("Losses")[0], "0")
        self.page.drag(f"{chart} svg", 0.5, 0.8)
        self.assertNotIn("0", self.axis("Losses"))
        self.assertEqual(self.axis("Losses"), self.axis("novel.measure"))
        self.page.js("document.querySelector(arguments[0] + ' svg').dispatchEvent(new MouseEvent('dblclick'))", chart)
        self.assertEqual(self.axis("Losses")[0], "0")
        self.page.set("#range", "0.5")
        self.assertNotIn("0", self.axis("Losses"))

    def test_samples(self):
        self.open_run()
        source = lambda: self.page.js("return document.querySelector('#fakes').src")
        newest = self.page.wait(source, "no samples")
        self.page.wait(lambda: self.page.js("return document.querySelector('#reals').naturalWidth") == 64, "no real images")
        self.page.wait(lambda: self.proxy.sent("fakes-000048000"), "neighbours are not fetched ahead")
        self.assertFalse(self.proxy.sent("fakes-000016000"))
        self.page.js("document.querySelector('#grid').focus()")
        self.page.press(self.page.keys.ARROW_LEFT)
        self.page.wait_text("#fakes-caption", "48,000")
        self.page.wait(lambda: source() != newest, "the same samples")
        self.page.press(self.page.keys.HOME)
        self.page.wait_text("#fakes-caption", "16,000")
        self.page.click("#play")
        self.page.wait_text("#fakes-caption", "64,000")
        self.page.wait(lambda: self.page.text("#play") == "Play", "it does not stop at the end")

    def test_new_rows_arrive(self):
        self.open_run()
        self.page.set("#smoothing", "0")
        before = self.paths("novel.measure")[0]
        self.proxy.requests.clear()
        self.training.append_row()
        self.page.wait(lambda: self.legend("novel.measure") == {"novel.measure": "41"}, "no new row", POLLED)
        self.assertIn("65,600", self.page.text("#facts"))
        self.assertNotEqual(self.paths("novel.measure")[0], before)
        self.assertEqual({request.path.split("after=")[1] for request in self.proxy.sent("statistics")}, {"63999"}, "more than new rows was asked for")

    def test_run_goes_back_to_a_checkpoint(self):
        self.open_run()
        self.page.set("#smoothing", "0")
        self.training.write_rows(25)
        self.page.wait(lambda: self.legend("novel.measure") == {"novel.measure": "25"}, "removed rows stay", POLLED)

    def test_warnings(self):
        warning = {"kind": "divergence", "message": "The discriminator <i>wins</i> by far.", "images": 60000}

        def warn(request, value):
            if request.path.endswith(f"/runs/{self.training.folder.name}"):
                value["warnings"] = [warning]
            return value

        self.proxy.edit = warn
        self.open_run()
        self.page.one("#warnings li")
        self.page.wait_text("#warnings", "Divergence after 60,000 images: The discriminator <i>wins</i> by far.")
        self.assertTrue(self.page.js("return document.querySelector('#warnings').getBoundingClientRect().top < document.querySelector('.chart').getBoundingClientRect().top"))
        self.proxy.reset()
        self.page.wait(lambda: not self.page.all("#warnings li"), "the warning stays", POLLED)

    def test_server_gone_and_back(self):
        self.expected = ["ERR_"]
        self.open_run()
        self.proxy.down = True
        self.page.wait_text("#banner", "The server does not answer")
        self.assertTrue(self.page.all(PLOT), "what is known stays")
        self.proxy.down = False
        self.page.wait(lambda: not self.page.all("#banner"), "it does not recover", POLLED)

    def test_values_that_are_not_known(self):
        def without(request, value):
            for key in ("total", "images_per_second", "eta_seconds", "has_reals"):
                value.pop(key, None)
            for run in value.get("runs", []):
                run.pop("total", None)
            return value

        self.proxy.edit = without
        self.open()
        self.page.wait_text("#runs", "64,000 images")
        self.open_run()
        self.assertTrue(self.page.text("#facts").startswith("Images64,000"))
        self.assertNotIn("Images per second", self.page.text("#facts"))

    def test_hidden_page_rests(self):
        self.open_run()
        hide = "Object.defineProperty(document, 'hidden', { value: arguments[0], configurable: true }); document.dispatchEvent(new Event('visibilitychange'))"
        self.page.js(hide, True)
        self.page.wait_text("#live", "paused")
        self.proxy.requests.clear()
        with self.assertRaises(AssertionError):
            self.page.wait(lambda: self.proxy.requests, "as it should be", limit=6)
        self.page.js(hide, False)
        self.page.wait(lambda: self.proxy.requests, "it does not wake", limit=2)

    def test_refusals(self):
        self.expected = ["404", "401"]
        self.open("#run=no-such-run")
        self.page.wait(lambda: self.page.all("#banner"), "no message")
        self.assertFalse(self.page.all("#run"))
        self.proxy.answer = lambda request: Answer(404, {"error": {"message": "started without --runs"}}) if "/v1/" in request.path else None
        self.open()
        self.page.wait_text("#banner", "started without --runs")
        self.proxy.answer = lambda request: None if request.path == "/runs" or request.headers.get("Authorization") == "Bearer open sesame" \
            else Answer(401, {"error": {"message": "no key"}})
        self.open(f"#run={self.training.folder.name}")
        self.page.click("#key-cancel")
        self.page.wait_text("#banner", "needs an API key")
        with self.assertRaises(AssertionError):
            self.page.wait(lambda: self.page.all("#key"), "as it should be", limit=6)
        self.open(f"#run={self.training.folder.name}")
        self.page.fill("#key-input", "open sesame")
        self.page.press(self.page.keys.ENTER)
        self.page.wait(lambda: self.page.js("return document.querySelector('#reals').naturalWidth") == 64, "images do not come with the key")

    def test_screens(self):
        def warn(request, value):
            if request.path.endswith(f"/runs/{self.training.folder.name}"):
                value["warnings"] = [{"kind": "overfitting", "message": "Logits of training and validation images differ.", "images": 60000}]
            return value

        self.proxy.edit = warn
        grounds = set()
        for dark in (False, True):
            for width, height in ((1280, 900), (360, 740)):
                where = f"dashboard-{width}-{'dark' if dark else 'light'}"
                self.page.screen(width, height, dark)
                self.open()
                self.page.wait(lambda: self.page.all("#runs a"), "no runs")
                self.assert_accessible(f"{where}-list")
                self.page.screenshot(f"{where}-list")
                self.open_run()
                self.page.wait(lambda: self.page.js("return document.querySelector('#fakes').naturalWidth"), "no samples")
                self.assert_accessible(where)
                self.page.screenshot(where)
                self.page.js("document.querySelector('#sections').scrollIntoView()")
                self.page.screenshot(f"{where}-charts")
                grounds.add(self.page.js("return getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(len(grounds), 2, "dark looks like light")


