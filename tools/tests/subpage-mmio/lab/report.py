# SPDX-License-Identifier: GPL-2.0-only
"""Prints: one line when all is well, everything when not."""

import itertools
import re
import textwrap

import judge
from matrix import lines

DETAILS = 5                     # wrong runs to print in full
TAIL = 15                       # lines of the console to print


def say(text):
    """Progress has to be seen at once, also in a pipe."""
    print(text, flush=True)


def _plural(count, noun):
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _describe(run):
    return f"run {run.id}: {run.form.name}, {run.mode}, at {run.offset:x}"


def _list(title, items):
    lines = [str(item) for item in items] or ["no access"]
    say(f"    {title:9}" + lines[0])
    for line in lines[1:]:
        say(" " * 13 + line)


def _wrong_runs(findings, verbose):
    shown = findings if verbose else findings[:DETAILS]
    for finding in shown:
        say(f"  {_describe(finding.run)}")
        verdict = finding.run.verdict
        if not verdict.startswith(finding.verdict):
            verdict += f", expected {finding.verdict}"
        say(f"    verdict  {verdict}")
        _list("expected", finding.steps)
        _list("seen", finding.seen)
    if len(shown) < len(findings):
        say(f"  and {_plural(len(findings) - len(shown), 'run')} more "
            f"(-v prints all)")


def _console_tail(console):
    """The last lines, but not the report, which the judge has read."""
    lines = [line for line in console.splitlines()
             if not re.search("SPM: (form|run) ", line)]
    return lines[-TAIL:]


def _problems(results, verbose=False):
    """Everything that helps to find out why."""
    for kind, result in results.items():
        for text, findings in result.problems:
            say(f"  {kind}: {text}")
            _wrong_runs(findings, verbose)
        if result.problems:
            for line in _console_tail(result.outcome.console):
                say(f"  | {line}")
            say(f"  logs: {result.outcome.folder}")


def scenario(name, results, verbose):
    """One line, and all there is to know if something failed."""
    failed = any(result.problems for result in results.values())
    seconds = sum(result.outcome.seconds for result in results.values())
    what = "; ".join(f"{kind} {result.counts}"
                     for kind, result in results.items())
    say(f"{name:20} {'FAILED' if failed else 'ok':6} {seconds:5.1f} s  {what}")
    _problems(results, verbose)


def _writes(pairs):
    """(offset, bytes) in order; what is the same is said once."""
    if not pairs:
        return "nothing"
    groups = itertools.groupby(pairs, key=lambda pair: pair[1])
    return ", ".join(
        f"{_plural(len(data), 'byte')} {data.hex()} at "
        + ", ".join(f"{offset:x}" for offset, _ in group)
        for data, group in groups)


def _operations(run):
    """(offset, bytes) of each of the instruction's operations."""
    data = run.data
    for _, relative, width in run.form.ops:
        yield run.offset + relative, data[:width]
        data = data[width:]


def _did(finding, protection):
    """The cells of a row that say what the guest did."""
    run = finding.run
    pairs = list(_operations(run))
    verb = "writes" if run.form.ops[0][0] == "w" else "updates"
    protected = any(protection.touches(offset, len(data))
                    for offset, data in pairs)
    return (run.mode, f"{verb} {_writes(pairs)}",
            "protected" if protected else "free")


def _saw(finding):
    """The cell that says what the device saw."""
    text = _writes([(access.offset, access.data) for access in finding.seen
                    if access.kind == "W"])
    kind, _, rest = finding.run.verdict.partition(":")
    if kind == "exc":
        vector = rest.partition(":")[0]
        text += ", and the guest got " + (
            "a page fault" if vector == "14" else f"exception {vector}")
    elif kind != "ok":
        text += f", and the guest found {finding.run.verdict}"
    return ("right: " if finding.right else "WRONG: ") + text


def _key(finding):
    return finding.run.form.name, finding.run.mode, finding.run.offset


def _table(rows):
    head, *body = lines(rows)
    rule = max(map(len, (head, *body))) * "-"
    for line in (head, rule, *body):
        say(f"  {line}")


def introduction(scene, protections):
    """What is about to be shown."""
    ranges = ", ".join(f"{first:x}-{last:x}" for protection in protections
                       for first, last in protection.ranges)
    say(f"{scene.about}\nThe protected ones, as hex offsets: {ranges}.\n"
        f"Booting stock and patched Xen with it ...\n")


def difference(results, protections):
    """Side by side: what was done, and what the device saw of it."""
    stock = {_key(f): f for f in results["stock"].findings}
    rows = [("by", "what the guest does", "these are",
             "stock Xen: the device saw", "patched Xen: the device saw")]
    for finding in results["patched"].findings:
        twin = stock.get(_key(finding))
        rows.append((*_did(finding, protections[finding.device]),
                     _saw(twin) if twin else "(did not get so far)",
                     _saw(finding)))
    _table(rows)
    say("")
    for kind, result in results.items():
        right = sum(finding.right for finding in result.findings)
        say(f"{kind} Xen: right for {right} of {len(rows) - 1}")
    _problems(results)


def matrix(forms, path):
    """How many forms are right where, and all that are not; `path` gets the
    whole."""
    path.write_text("\n".join(lines(forms.rows())) + "\n", encoding="ascii")
    say("")
    _table(forms.summary())
    for environments, reason, names in forms.exceptions():
        say(textwrap.fill(
            f"{reason} ({', '.join(environments)}): {' '.join(names)}", 79,
            initial_indent="  ", subsequent_indent="      ",
            break_on_hyphens=False))
    say(f"  form by form: {path}\n")
