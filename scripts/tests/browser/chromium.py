"""Chromium by Selenium: what the tests do and see."""

import base64
import json
import time

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

LIMIT = 30   # seconds that a condition may take to become true

# Text whose contrast with the background is below WCAG's level AA: 4.5, or 3 for large text.
LOW_CONTRAST = """
const channels = color => (color.match(/[\\d.]+/g) ?? []).map(Number);
const over = ([r, g, b, a = 1], below) => [r, g, b].map((value, index) => value * a + below[index] * (1 - a));
const luminance = color => { const [r, g, b] = color.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
  return .2126 * r + .7152 * g + .0722 * b; };
function background(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) layers.push(channels(getComputedStyle(at).backgroundColor));
  return layers.reverse().reduce((below, layer) => layer.length ? over(layer, below) : below, [255, 255, 255]);
}
const low = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; node = walker.nextNode();) {
  const element = node.parentElement, style = getComputedStyle(element);
  if (!node.data.trim() || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest(":disabled, .unseen, option, script, style")) continue;
  const behind = background(element), color = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
  const [one, two] = [luminance(over(channels(color), behind)), luminance(behind)].sort((a, b) => b - a);
  const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
  const ratio = (one + .05) / (two + .05);
  if (ratio < (large ? 3 : 4.5)) low.push(`${node.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
}
return low;
"""


class Chromium:
    """One window. Elements are named by CSS selectors."""

    def __init__(self, binary, driver, downloads):
        self.binary, self.driver_path, self.downloads, self.screenshots = binary, driver, downloads, None
        downloads.mkdir()

    def __enter__(self):
        options = webdriver.ChromeOptions()
        options.binary_location = self.binary
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en-US"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(self.driver_path))
        self.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))
        self.keys = Keys
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def screen(self, width=1280, height=900, dark=False):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, url):
        self.driver.get("about:blank")   # so that an address that differs only after # is loaded, too
        self.driver.get(url)

    def forget(self, origin):
        """Leaves the page and deletes what it stored, and the logs."""
        self.driver.get("about:blank")
        self.command("Storage.clearDataForOrigin", origin=origin, storageTypes="all")
        self.driver.execute_cdp_cmd("Network.enable", {})
        for name in ("browser", "performance"):
            self.driver.get_log(name)

    def problems(self, origin):
        """Errors in the console, and requests to other origins, since the last call."""
        errors = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        allowed = (origin + "/", f"blob:{origin}/", "data:", "about:")
        return errors, [url for url in urls if not url.startswith(allowed)]

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        return [found for found in self.driver.find_elements(By.CSS_SELECTOR, selector) if found.is_displayed()]

    def one(self, selector):
        found = self.wait(lambda: self.all(selector), f"{selector} is not shown")
        return found[0]

    def wait(self, condition, message, limit=LIMIT):
        """The first true value of the condition."""
        end = time.monotonic() + limit
        while True:
            try:
                value = condition()
            except StaleElementReferenceException:
                value = None
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(message() if callable(message) else message)
            time.sleep(0.04)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0])?.textContent", selector)

    def value(self, selector):
        return self.js("return document.querySelector(arguments[0]).value", selector)

    def wait_text(self, selector, part):
        self.wait(lambda: part in (self.text(selector) or ""), lambda: f"{selector} says {self.text(selector)!r}, not {part!r}")

    def click(self, selector):
        element = self.one(selector)
        self.js("arguments[0].scrollIntoView({ block: 'center' })", element)
        element.click()

    def click_label(self, text):
        self.driver.find_element(By.XPATH, f"//label[normalize-space(.)='{text}']").click()

    def fill(self, selector, text):
        element = self.one(selector)
        element.send_keys(Keys.CONTROL, "a")
        element.send_keys(Keys.DELETE)
        element.send_keys(text)

    def set(self, selector, value):
        """Moves a slider or chooses an option, as a user's input."""
        self.js("const [s, v] = arguments; const e = document.querySelector(s); e.value = v;"
                "e.dispatchEvent(new Event('input', { bubbles: true })); e.dispatchEvent(new Event('change', { bubbles: true }));", selector, value)

    def press(self, *keys):
        """Keys for the element that has the focus."""
        actions = ActionChains(self.driver)
        for key in keys:
            actions.send_keys(key)
        actions.perform()

    def focused(self):
        return self.js("const e = document.activeElement; return e.id || e.className || e.tagName")

    def tab_to(self, condition, most=60):
        """Presses Tab until the focused element, `e`, meets a condition in JavaScript."""
        for _ in range(most):
            self.press(Keys.TAB)
            if self.js(f"const e = document.activeElement; return Boolean({condition})"):
                return
        raise AssertionError(f"Tab does not reach {condition}")

    def hover(self, selector, x, y):
        """Moves the pointer to a point of an element, as fractions of its size."""
        element = self.one(selector)
        self.js("arguments[0].scrollIntoView({ block: 'center' })", element)
        size = element.size
        ActionChains(self.driver).move_to_element_with_offset(element, (x - 0.5) * size["width"], (y - 0.5) * size["height"]).perform()

    def drag(self, selector, start, end):
        element = self.one(selector)
        self.js("arguments[0].scrollIntoView({ block: 'center' })", element)
        width = element.size["width"]
        ActionChains(self.driver, duration=50).move_to_element_with_offset(element, (start - 0.5) * width, 0).click_and_hold() \
            .move_by_offset((end - start) * width, 0).release().perform()

    def nameless(self):
        """Controls and images that a screen reader has no name for."""
        roles = {"button", "textbox", "slider", "combobox", "checkbox", "radio", "spinbutton", "link", "image", "dialog", "searchbox"}
        nodes = self.command("Accessibility.getFullAXTree")["nodes"]
        return [node["role"]["value"] for node in nodes if not node["ignored"] and node["role"]["value"] in roles and not node.get("name", {}).get("value", "").strip()]

    def low_contrast(self):
        return self.js(LOW_CONTRAST)

    def overflow(self):
        """By how many pixels the page is wider than the window."""
        return self.js("const e = document.querySelector('dialog[open]') ?? document.documentElement; return Math.max(e.scrollWidth - e.clientWidth,"
                       "document.documentElement.scrollWidth - document.documentElement.clientWidth)")

    def screenshot(self, name):
        if self.screenshots:
            self.screenshots.mkdir(parents=True, exist_ok=True)
            data = self.command("Page.captureScreenshot", format="png")["data"]
            (self.screenshots / f"{name}.png").write_bytes(base64.b64decode(data))
