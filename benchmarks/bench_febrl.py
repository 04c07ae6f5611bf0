"""Linking FEBRL 1, FEBRL 2 and fake_1000: pairwise precision, recall and F1, ours beside Splink alone and exact rules.

Settings are in tests/resources/linkage_sets.py. Weights are set by hand by the kind of a field, none is
fitted to the truth; Splink is trained as its tutorials train it. Both are shown at 0.5 and at their own threshold.
"""

import json
import time

from harness import options_parse

from tests.resources.linkage_sets import SETS, exact, ours, splink_alone

LINE = "{:<10} {:<22} {:>10} {:>10} {:>10} {:>8}"


def main() -> None:
    """Print a line for each set and way."""
    options = options_parse(__doc__)
    if not options.json:
        print(LINE.format("set", "way", "precision", "recall", "F1", "seconds"))
    for name in SETS:
        begun = time.perf_counter()
        alone = splink_alone(name, (0.5, 0.95))
        trained = time.perf_counter() - begun
        ways = {
            "exact rules": lambda name=name: exact(name),
            "Splink alone, 0.95": lambda alone=alone: alone[0.95],
            "Splink alone, 0.5": lambda alone=alone: alone[0.5],
            "ours, 0.9": lambda name=name: ours(name),
            "ours, 0.5": lambda name=name: ours(name, sure=0.5),
        }
        for way, score in ways.items():
            begun = time.perf_counter()
            found = score()
            seconds = trained if way.startswith("Splink") else time.perf_counter() - begun
            figures = {"precision": found.precision, "recall": found.recall, "f1": found.f1}
            if options.json:
                rounded = {key: round(value, 6) for key, value in figures.items()}
                print(
                    json.dumps({"set": name, "way": way, **rounded, "seconds": round(seconds, 2)})
                )
            else:
                shown = [f"{value:.4f}" for value in figures.values()]
                print(LINE.format(name, way, *shown, f"{seconds:.1f}"), flush=True)


if __name__ == "__main__":
    main()
