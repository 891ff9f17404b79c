# SPDX-License-Identifier: Apache-2.0
"""What the Trace Event Format asks of a file: fields, nesting, order, named tracks."""

FIELDS = {"X": ("name", "ts", "dur", "pid", "tid"), "C": ("name", "ts", "pid", "args"),
          "M": ("name", "pid", "args")}


def nanoseconds(microseconds):
    return round(microseconds * 1000)


def complaints(trace):
    """What is wrong with a trace, in words; nothing when it is right."""
    events = trace.get("traceEvents")
    if not isinstance(events, list) or not events:
        yield "no list of traceEvents"
        return
    broken = list(wrong_fields(events))
    yield from broken
    if broken:
        return
    named = {(e["pid"], e["tid"]) for e in events if e.get("name") == "thread_name"}
    tracks = {(e["pid"], e["tid"]) for e in events if e.get("ph") == "X"}
    if tracks - named:
        yield f"tracks without a name: {tracks - named}"
    if not any(e.get("name") == "process_name" for e in events):
        yield "the process has no name"
    for track in tracks:
        yield from crossings([e for e in events if e.get("ph") == "X" and
                              (e["pid"], e["tid"]) == track])
    counters = [e["ts"] for e in events if e.get("ph") == "C"]
    if counters != sorted(counters):
        yield "counters go back in time"


def wrong_fields(events):
    for event in events:
        kind = event.get("ph")
        if kind not in FIELDS:
            yield f"unknown kind {kind!r}"
        elif missing := [name for name in FIELDS[kind] if name not in event]:
            yield f"{kind} without {missing}: {event}"
        for name in ("ts", "dur"):
            if not isinstance(event.get(name, 0), (int, float)) or event.get(name, 0) < 0:
                yield f"{name} is {event[name]!r}: {event}"


def crossings(slices):
    """Slices of a track begin in order, and lie within one another or apart."""
    last, open_ends = -1, []
    for event in slices:
        begin, end = nanoseconds(event["ts"]), nanoseconds(event["ts"] + event["dur"])
        if begin < last:
            yield f"begins before the slice before it: {event}"
        last = begin
        while open_ends and open_ends[-1] <= begin:
            open_ends.pop()
        if open_ends and end > open_ends[-1]:
            yield f"ends after the slice around it: {event}"
        open_ends.append(end)


def prove():
    """A check that cannot fail is none."""
    def slice_at(begin, end, track=1):
        return {"ph": "X", "name": "a", "ts": begin, "dur": end - begin, "pid": 1, "tid": track}

    head = [{"ph": "M", "name": "process_name", "pid": 1, "args": {}},
            {"ph": "M", "name": "thread_name", "pid": 1, "tid": 1, "args": {}}]
    right = [*head, slice_at(0, 9), slice_at(1, 2), slice_at(2, 9)]
    assert not list(complaints({"traceEvents": right})), list(complaints({"traceEvents": right}))
    for wrong in ([slice_at(5, 6), slice_at(1, 2)], [slice_at(0, 5), slice_at(4, 6)],
                  [slice_at(0, 1, track=2)], [slice_at(3, 2)], [{"ph": "X", "name": "a"}],
                  [{"ph": "C", "name": "m", "pid": 1, "args": {}, "ts": t} for t in (2, 1)]):
        assert list(complaints({"traceEvents": head + wrong})), wrong
    assert list(complaints({}))
