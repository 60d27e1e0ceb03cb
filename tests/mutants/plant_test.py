# SPDX-License-Identifier: MIT
import tempfile
import pathlib
import unittest

import plant

TEXT = "// a file\n#include <vector>\nint f() { return 1; }\n"


def bug(**changed):
    return {"name": "one", "guarantee": "G1", "what": "f is wrong", "file": "f.cpp", "find": "return 1;",
            "put": 'return PLANTED("one") ? 2 : 1;', "test": "f_test *"} | changed


def toml_of(*bugs):
    return "".join("[[bug]]\n" + "".join(f"{key} = '''{value}'''\n" for key, value in each.items()) for each in bugs)


class Planter(unittest.TestCase):
    def test_puts_a_bug_in_its_place_and_the_switch_before_all_includes(self):
        text = plant.plant({"f.cpp": TEXT}, [bug()])["f.cpp"]
        self.assertIn('int f() { return PLANTED("one") ? 2 : 1; }', text)
        self.assertLess(text.index("planted.hpp"), text.index("<vector>"))

    def test_refuses_a_place_that_is_gone_or_there_twice(self):
        for text in (TEXT.replace("1", "7"), TEXT + "int g() { return 1; }\n"):
            with self.assertRaisesRegex(ValueError, "one: its place in f.cpp"):
                plant.plant({"f.cpp": text}, [bug()])

    def test_makes_every_edit_of_a_bug(self):
        more = [{"find": "a file", "put": 'PLANTED("one")'}]
        self.assertIn('// PLANTED("one")', plant.plant({"f.cpp": TEXT}, [bug(more=more)])["f.cpp"])

    def test_refuses_a_list_with_a_bug_that_is_incomplete_unnamed_or_there_twice(self):
        lists = {"has no test": [bug(test="")], "ask for it by name": [bug(put="return 2;")],
                 "one name": [bug(), bug()]}
        with tempfile.TemporaryDirectory() as place:
            path = pathlib.Path(place) / "bugs.toml"
            for complaint, bugs in lists.items():
                path.write_text(toml_of(*bugs))
                with self.assertRaisesRegex(ValueError, complaint):
                    plant.read_bugs(path)


class Bugs(unittest.TestCase):
    def setUp(self):
        self.bugs = plant.read_bugs()

    def test_fit_the_sources_as_they_are(self):
        plant.plant({each["file"]: (plant.ROOT / each["file"]).read_text() for each in self.bugs}, self.bugs)

    def test_are_twenty_at_least_and_leave_no_guarantee_out(self):
        self.assertGreaterEqual(len(self.bugs), 20)
        self.assertEqual({each["guarantee"] for each in self.bugs}, {f"G{n}" for n in range(1, 12)})

    def test_are_not_in_the_sources(self):
        for path in (plant.ROOT / "src").rglob("*.[ch]pp"):
            self.assertNotIn("PLANTED", path.read_text(), path)


if __name__ == "__main__":
    unittest.main()
