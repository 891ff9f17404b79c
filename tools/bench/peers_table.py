# SPDX-License-Identifier: Apache-2.0
"""What peers.py makes of its measurements: medians, ratios of pairs, the table, README's section."""
import os
import statistics
import textwrap

BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"


INTRODUCTION = """Seconds for an epoch of 60,000 images of Fashion-MNIST with Adam: the network
784-100-10 with sigmoid at a batch of 32 and of 128, and 784-512-512-10 with relu. Of the first at a
batch of 32 also: predicting 10,000 images with the model loaded, the time from the start of the process
to the end of its first epoch, with warm caches, and the memory it took at most. Measured by
`tools/bench/peers.py`."""
RATIOS = """How many times the best of Quern's rows that is: the median of pairs of the same round, in
brackets the least and the most:"""


def wrapped(text):
    return textwrap.fill(" ".join(text.split()), 104, break_on_hyphens=False)


def seconds(value):
    return f"{value:.2f}" if value < 9.95 else f"{value:.1f}"


def milliseconds(value):
    return f"{value * 1e3:.1f} ms"


def megabytes(value):
    return f"{value / 1e6:.0f} MB"


# Title, case, what of its runs, how it is written. A column of a case that was not run is left out.
COLUMNS = [
    ("batch 32", "32", "epoch", seconds),
    ("batch 128", "128", "epoch", seconds),
    ("512-512, batch 128", "512", "epoch", seconds),
    ("10,000 predicted", "32", "predict", milliseconds),
    ("first epoch done", "32", "first_epoch_done", seconds),
    ("memory", "32", "peak_rss_bytes", megabytes),
]


def value_of(run, field):
    """A run's figure; of its epochs the median, without the first one, which may compile."""
    return statistics.median(run["epochs"][1:]) if field == "epoch" else run[field]


def values_of(row, case, field):
    return [value_of(run, field) for run in row["runs"].get(case, [])]


def columns_of(rows):
    ran = {case for row in rows for case, runs in row["runs"].items() if runs}
    return [column for column in COLUMNS if column[1] in ran]


def best_row(rows, case, field):
    """Quern's row with the smallest median, or None."""
    own = [row for row in rows if row["quern"] and row["runs"].get(case)]
    return min(own, default=None, key=lambda row: statistics.median(values_of(row, case, field)))


def ratios(row, best, case, field):
    """Of the runs of the same round: how many times Quern's figure the row's is."""
    return [value_of(run, field) / value_of(pair, field)
            for run, pair in zip(row["runs"].get(case, []), best["runs"][case])]


def markdown(titles, lines):
    return "\n".join(["| " + " | ".join(["", *titles]).strip() + " |",
                      "|" + "---|" * (len(titles) + 1)] +
                     ["| " + " | ".join(line) + " |" for line in lines])


def line_of(row, columns, cell):
    if row["missing"]:
        return [row["name"], row["missing"]] + [""] * (len(columns) - 1)
    return [row["name"]] + [cell(row, column) for column in columns]


def measured_cell(row, column):
    _, case, field, text = column
    values = values_of(row, case, field)
    return f"{text(statistics.median(values))} ({text(max(values))})" if values else "-"


def measured_table(rows):
    columns = columns_of(rows)
    return markdown([title for title, *_ in columns],
                    [line_of(row, columns, measured_cell) for row in rows])


def ratio_table(rows):
    """None where Quern was not measured, or nothing beside it."""
    columns = columns_of(rows)

    def cell(row, column):
        best = best_row(rows, *column[1:3])
        found = ratios(row, best, *column[1:3]) if best else []
        return (f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"
                if found else "-")

    peers = [row for row in rows if not row["quern"] and not row["missing"]]
    if not peers or not any(best_row(rows, *column[1:3]) for column in columns):
        return None
    return markdown([title for title, *_ in columns],
                    [line_of(row, columns, cell) for row in peers])


def machine_text(machine, rounds, epochs):
    return (f"{machine['processor']}, {machine['processors']} processors, {machine['memory']}, "
            f"{machine['system']}; other processes took {100 * machine['others']:.0f} % of the "
            f"processors meanwhile. Medians of {rounds} rounds in turn, the slowest in brackets; "
            f"an epoch's time is the median of epochs 2 to {epochs} of a run.")


def accuracy_text(rows):
    found = [run["accuracy"] for row in rows for runs in row["runs"].values() for run in runs]
    return f"Test accuracy of all these runs: {min(found):.3f} to {max(found):.3f}."


def section(rows, machine, rounds, epochs):
    """All that stands between README's markers."""
    parts = [wrapped(INTRODUCTION), measured_table(rows)]
    table = ratio_table(rows)
    if table:
        parts += [wrapped(RATIOS), table]
    return "\n\n".join(parts + [wrapped(machine_text(machine, rounds, epochs) + " " +
                                        accuracy_text(rows))])


def complaint(path):
    """Why README's section cannot be replaced, or None."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        return f"{path} needs one line '{BEGIN}' and, after it, one line '{END}'"
    return None


def write_section(path, body):
    text = path.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    new = path.with_name(path.name + ".new")
    new.write_text(f"{head}{BEGIN}\n{body}\n{END}{tail}", encoding="utf-8")
    os.chmod(new, path.stat().st_mode)
    new.replace(path)
