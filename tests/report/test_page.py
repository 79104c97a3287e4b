"""The page of `draw -o circuit.html` in a real browser: steps, keys, hover, no errors.

Debian's packages chromium and chromium-driver; where they are missing these tests are skipped, loudly.
"""

import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from gradcalc.pipeline import compute
from gradcalc.report import Options
from gradcalc.report.draw import Drawing, writer

from .lecture import lecture

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="THE PAGE IS NOT TESTED: apt-get install chromium chromium-driver"
)

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1300,1000",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, tmp_path):
    """Return a function that opens the page of a result."""

    def opened(result, depth=None):
        file = tmp_path / "circuit.html"
        file.write_text("".join(writer("html")(Drawing(result, depth), Options())), encoding="utf-8")
        browser.get(file.as_uri())
        return browser

    yield opened
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def press(browser, *keys):
    for key in keys:
        browser.find_element(By.TAG_NAME, "body").send_keys(key)


def now(browser):
    return browser.find_element(By.ID, "now").text


def known(browser, style):
    """Return the texts of a style that can be seen."""
    found = browser.find_elements(By.CSS_SELECTOR, f"svg text.{style}")
    return [e.text for e in found if e.value_of_css_property("opacity") == "1" and e.text]


def lit(browser, style):
    found = browser.find_elements(By.CSS_SELECTOR, f"svg text.{style}.lit")
    return [(e.get_attribute("data-node"), e.get_attribute("data-feeds")) for e in found]


def step_of(browser, text):
    (step,) = [e for e in browser.find_elements(By.TAG_NAME, "li") if e.text.startswith(text)]
    step.click()


def test_at_the_start_everything_is_seen(page):
    browser = page(lecture("neuron"))
    assert browser.find_element(By.ID, "count").text == "0 of 26"
    assert len(known(browser, "value")) == 13
    assert browser.find_element(By.ID, "back").get_property("disabled")


def test_arrow_keys_step_through_the_forward_and_the_backward_pass(page):
    browser = page(lecture("neuron"))
    press(browser, Keys.ARROW_RIGHT)
    assert now(browser) == "#2 w0 = 2"
    assert known(browser, "value") == ["2"]
    assert known(browser, "gradient") == []
    press(browser, *[Keys.ARROW_RIGHT] * 13)
    assert now(browser).startswith("#14 1/(1 + exp(-(w0*x0 + w1*x1 + w2))): gradient 1: the output's own")
    assert sorted(known(browser, "gradient")) == ["-0.5344", "1"]
    press(browser, Keys.END)
    assert len(known(browser, "gradient")) == 13
    press(browser, Keys.ARROW_LEFT, Keys.HOME)
    assert "arrow keys" in now(browser)


def test_buttons_do_the_same(page):
    browser = page(lecture("three-gates"))
    browser.find_element(By.ID, "next").click()
    assert now(browser) == "#0 x = -2"
    browser.find_element(By.ID, "last").click()
    assert browser.find_element(By.ID, "next").get_property("disabled")
    browser.find_element(By.ID, "first").click()
    assert browser.find_element(By.ID, "count").text == "0 of 10"


def test_a_step_lights_its_gate_its_wires_and_its_text_in_the_program(page):
    browser = page(lecture("neuron"))
    (step,) = [e for e in browser.find_elements(By.TAG_NAME, "li") if e.text.startswith("#4 w0*x0: gradient")]
    step.click()
    assert browser.find_element(By.TAG_NAME, "mark").text == "w0*x0"
    assert [e.get_attribute("data-node") for e in browser.find_elements(By.CSS_SELECTOR, "g.lit")] == ["4"]
    shining = browser.find_elements(By.CSS_SELECTOR, "text.gradient.lit")
    assert [e.text for e in shining] == ["-0.1966", "0.3932"]
    assert "upstream 0.196612 × local -1 = -0.196612" in now(browser)
    assert len(now(browser).split("\n")) == 4
    step_of(browser, "#2 w0: gradient")
    assert lit(browser, "gradient") == [("2", "4")]  # along which it arrived


def test_a_node_under_the_mouse_is_shown_in_the_table_and_in_the_program(page):
    browser = page(lecture("neuron"))
    box = browser.find_element(By.CSS_SELECTOR, 'svg g[data-node="12"] rect')
    ActionChains(browser).move_to_element(box).perform()
    assert browser.find_element(By.TAG_NAME, "mark").text == "exp(-(w0*x0 + w1*x1 + w2))"
    assert [e.get_attribute("data-node") for e in browser.find_elements(By.CSS_SELECTOR, "tr.lit")] == ["12"]
    ActionChains(browser).move_to_element(browser.find_element(By.TAG_NAME, "h1")).perform()
    assert browser.find_elements(By.CSS_SELECTOR, ".lit") == []


COLLAPSED = "s(u) = 1/(1 + exp(-u)); a = s(x*y); b = s(a)*x; a*b"


def test_in_a_collapsed_circuit_a_node_inside_of_a_box_lights_its_own_wires_alone(page):
    browser = page(compute(COLLAPSED, {"x": 1, "y": 2}, check=False), depth=0)
    step_of(browser, "#2 x*y =")
    assert known(browser, "value") == ["1", "2", "1"]  # that of a comes with its last gate
    assert lit(browser, "value") == []
    step_of(browser, "#8 a =")
    assert sorted(known(browser, "value")) == ["0.8808", "0.8808", "1", "1", "2"]
    step_of(browser, "#15 b: gradient")
    assert lit(browser, "gradient") == [("0", "15")]
    step_of(browser, "#14 1/(1 + exp(-u)): gradient")
    assert lit(browser, "gradient") == []
    step_of(browser, "#11 -u: gradient")
    assert [node for node, _ in lit(browser, "gradient")] == ["8"]


def test_a_variable_alone_is_its_output(page):
    browser = page(compute("x", {"x": 3}, check=False))
    press(browser, Keys.ARROW_RIGHT)
    assert (known(browser, "value"), known(browser, "gradient")) == (["3"], [])
    press(browser, Keys.ARROW_RIGHT)
    assert known(browser, "gradient") == ["1"]
    assert lit(browser, "gradient") == [("0", "")]


def test_the_mouse_does_not_scroll_the_page(page):
    browser = page(lecture("neuron"))
    browser.set_window_size(1300, 500)
    press(browser, Keys.ARROW_RIGHT)
    row = browser.find_elements(By.CSS_SELECTOR, "tr[data-node]")[-1]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", row)
    before = browser.execute_script("return window.scrollY")
    for event in ("mouseenter", "mouseleave"):
        browser.execute_script("arguments[0].dispatchEvent(new MouseEvent(arguments[1]))", row, event)
    after = browser.execute_script("return window.scrollY")
    browser.set_window_size(1300, 1000)
    assert before == after > 0
    assert [e.get_attribute("data-node") for e in browser.find_elements(By.CSS_SELECTOR, "tr.lit")] == ["2"]


def test_steps_are_reached_and_chosen_by_keyboard(page):
    browser = page(lecture("three-gates"))
    step = browser.find_elements(By.TAG_NAME, "li")[2]
    step.send_keys(Keys.ENTER)
    assert step.get_attribute("aria-current") == "step"
    assert now(browser) == "#2 q = (-2) + 5 = 3"


def test_what_a_user_wrote_is_harmless(page):
    text = 'x*y # </script><script>document.title = "taken"</script><img src=x onerror="document.title = 1">'
    browser = page(compute(text, {"x": 1, "y": 2}, check=False))
    assert browser.find_element(By.ID, "program").text == text
    assert browser.title.startswith("gradcalc: x*y # </script>")
    press(browser, Keys.ARROW_RIGHT)
    assert browser.find_element(By.TAG_NAME, "mark").text == "x"


def test_letters_beyond_the_first_65536_do_not_shift_the_marks(page):
    browser = page(compute("𝛼𝑥 = 2*a; 𝛼𝑥*b # 😀", {"a": 1, "b": 2}, check=False))
    press(browser, *[Keys.ARROW_RIGHT] * 3)
    assert browser.find_element(By.TAG_NAME, "mark").text == "b"


def test_a_phone_has_one_column_and_no_sideways_scrolling(page):
    browser = page(lecture("neuron"))
    browser.set_window_size(500, 900)  # the narrowest window that Chromium has
    body = browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    browser.set_window_size(1300, 1000)
    assert body


def test_dark_and_light(page):
    browser = page(lecture("neuron"))
    colours = set()
    for scheme in ("dark", "light"):
        feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
        colours.add(browser.find_element(By.TAG_NAME, "body").value_of_css_property("background-color"))
        fill = browser.find_element(By.CSS_SELECTOR, "svg rect").value_of_css_property("fill")
        colours.add(fill.replace("rgb", "rgba").replace(")", ", 1)"))
    assert len(colours) == 2


def test_it_asks_for_nothing_from_elsewhere():
    text = "".join(writer("html")(Drawing(lecture("neuron")), Options()))
    assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "src=" not in text
    assert "@import" not in text
