# SPDX-License-Identifier: GPL-2.0-only
"""Prints: one line when all is well, everything when not."""

import re
import textwrap

from matrix import lines

DETAILS = 5                     # wrong runs to print in full
TAIL = 15                       # lines of the console to print
LAST = 3                        # the same, to show how it ended


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
    say(f"{name:25} {'FAILED' if failed else 'ok':6} {seconds:5.1f} s  {what}")
    for kind, result in results.items():
        for note in result.notes:
            say(f"  {kind}: {note}")
    _problems(results, verbose)


def _table(rows):
    head, *body = lines(rows)
    rule = max(map(len, (head, *body))) * "-"
    for line in (head, rule, *body):
        say(f"  {line}")


def introduction(scene):
    """What is about to be shown."""
    say(f"{scene.about}\n\nBooting both ...")


def progress(kind, about):
    """What happens meanwhile."""
    if about:
        say(f"    {kind:8} {about}")


def _cell(checks):
    """What there is to say about one thing."""
    if not checks:
        return "not seen"
    words = [check.shown for check in checks if check.shown]
    return (("right" if all(check.right for check in checks) else "WRONG") +
            (": " + "; ".join(words) if words else ""))


def _groups(findings):
    """{what it is about: checks}, in order."""
    groups = {}
    for check in findings:
        if check.about:
            groups.setdefault(check.about, []).append(check)
    return groups


def difference(results):
    """Side by side: what happened, and what came of it."""
    stock, patched = (_groups(results[kind].findings)
                      for kind in ("stock", "patched"))
    for about, checks in patched.items():
        say(about)
        for kind, seen in (("stock", stock.get(about, [])),
                           ("patched", checks)):
            say(textwrap.fill(_cell(seen), 79, break_on_hyphens=False,
                              initial_indent=f"    {kind:8} ",
                              subsequent_indent=" " * 13))
    say("\nthe last that the console received")
    for kind, result in results.items():
        told = filter(str.strip, _console_tail(result.outcome.console))
        for line in list(told)[-LAST:]:
            say(f"    {kind:8} | {line[:65]}")
    say("")
    for kind, groups in (("stock", stock), ("patched", patched)):
        right = sum(all(check.right for check in checks)
                    for checks in groups.values())
        say(f"{kind} Xen: right for {right} of {len(patched)}")
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
