# SPDX-License-Identifier: GPL-2.0-only
"""Every form of store, in every environment: which are right, which are not,
and which have not been run."""

from collections import defaultdict

# By prefix of a form's name; the first that fits.
GROUPS = (
    ("locked", ("lock_",)),
    ("strings", ("stos", "movsb", "movsw", "movsl", "movsq", "rep_")),
    ("stack", ("push", "pop", "call", "enter")),
    ("moves", ("mov_", "movnti", "movbe", "movdir", "set")),
    ("x87", ("f", "xsave")),
    ("MMX", ("mmx_", "movntq", "maskmovq")),
    ("AVX", ("v",)),
    ("SSE", ("mov", "maskmov", "pextr", "extract", "stmxcsr")),
    ("exchange", ("xchg", "xadd", "cmpxchg")),
    ("arithmetic", ("",)),
)

RIGHT = "ok"
ABSENT = "-"                    # its code has no such form


def group_of(form):
    """The name of a form's group."""
    return next(name for name, prefixes in GROUPS if form.startswith(prefixes))


def _state(form, findings, skipped):
    """One cell: what is there to say about a form in an environment."""
    wrong = sum(not finding.right for finding in findings)
    if wrong:
        return f"wrong in {wrong} of {len(findings)} runs"
    if findings:
        return RIGHT
    return f"not run: {skipped.get(form, 'nobody knows why')}"


class Matrix:
    """States of forms by environment, from (environment, Result) pairs."""

    def __init__(self, judged):
        findings = defaultdict(lambda: defaultdict(list))
        skipped = defaultdict(dict)
        for environment, result in judged:
            its_findings = findings[environment]
            for name in result.said.forms:
                its_findings[name].extend(())
            for finding in result.findings:
                its_findings[finding.run.form.name].append(finding)
            skipped[environment].update(result.said.skipped)
        self.environments = list(findings)
        self.states = {
            environment: {name: _state(name, runs, skipped[environment])
                          for name, runs in forms.items()}
            for environment, forms in findings.items()}
        # (In the order of the guest's table.)
        self.forms = list(dict.fromkeys(
            name for forms in self.states.values() for name in forms))

    def state(self, form, environment):
        """One cell."""
        return self.states[environment].get(form, ABSENT)

    def _count(self, environment, members):
        states = [self.state(form, environment) for form in members]
        there = len(states) - states.count(ABSENT)
        return f"{states.count(RIGHT)}/{there}" if there else ABSENT

    def summary(self):
        """Rows: how many forms of a group are right, of those there are."""
        rows = [("forms right", *self.environments)]
        for name, _ in GROUPS:
            members = [form for form in self.forms if group_of(form) == name]
            if members:
                rows.append((name, *(self._count(environment, members)
                                     for environment in self.environments)))
        rows.append(("all", *(self._count(environment, self.forms)
                              for environment in self.environments)))
        return rows

    def exceptions(self):
        """(environments, reason, forms) of all that is not right; how many
        runs were wrong is not told apart."""
        where = defaultdict(list)
        for form in self.forms:
            for environment in self.environments:
                state = self.state(form, environment)
                if state not in (RIGHT, ABSENT):
                    reason = "wrong" if state.startswith("wrong") else state
                    where[reason, form].append(environment)
        merged = defaultdict(list)
        for (reason, form), environments in where.items():
            merged[tuple(environments), reason].append(form)
        return [(environments, reason, forms)
                for (environments, reason), forms in merged.items()]

    def rows(self):
        """A row for each form."""
        yield ("form", "group", *self.environments)
        for form in self.forms:
            yield (form, group_of(form),
                   *(self.state(form, environment)
                     for environment in self.environments))


def lines(rows):
    """Rows as a table."""
    rows = list(rows)
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return ["  ".join(f"{cell:{width}}" for cell, width
                      in zip(row, widths)).rstrip() for row in rows]
