"""What the tests of both pages share."""

import unittest


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
