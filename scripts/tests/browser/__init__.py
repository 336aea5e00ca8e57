"""The tests of scripts/test-browser. They need a server and Chromium, so that unittest's discovery does not find them."""
