"""An SMT solver for halmos: bit-vector queries about share arithmetic, decided over the integers.

Bit-blasting cannot decide products and quotients of 256-bit numbers. Here each bit-vector becomes an integer with an interval;
what stays within its interval needs no wrapping, so mulDiv's 512-bit product becomes a product, and a quotient q of n by d
the fact n = q * d + r with r < d, which z3's nonlinear arithmetic handles. OpenZeppelin's choices without a branch (min, saturatingSub)
become choices again.

Sound for `unsat`, which is what proves a property: a term that has no counterpart becomes any integer of its width and an
assertion that has none is left out, so the integer query holds whenever the original does. Every other answer is asked of yices
on the original query, and so is every counterexample.

usage: smt.py QUERY.smt2 [SECONDS]
"""

import pathlib
import re
import subprocess
import sys

import z3

SECONDS = 48


class Untranslatable(Exception):
    """No counterpart over the integers."""


class Translation:
    """Assertions over bit-vectors as assertions over integers."""

    def __init__(self, assertions):
        self.facts = []
        self.cache = {}
        self.bounds = {}
        self.fresh = 0
        for assertion in assertions:
            self.learn_bound(assertion)
        for assertion in assertions:
            try:
                self.facts.append(self.truth(assertion))
            except Untranslatable:
                pass

    def learn_bound(self, fact):
        """`x = concat(0, extract(k, 0, x))` is how halmos says that x has k + 1 bits; `x <= c` is a bound as well."""
        kind = fact.decl().kind()
        if kind == z3.Z3_OP_EQ:
            for variable, value in (fact.children(), fact.children()[::-1]):
                if not is_variable(variable) or value.decl().kind() != z3.Z3_OP_CONCAT:
                    continue
                *high, low = value.children()
                zeros = all(z3.is_bv_value(part) and part.as_long() == 0 for part in high)
                if zeros and low.decl().kind() == z3.Z3_OP_EXTRACT and low.arg(0).eq(variable) and low.params()[1] == 0:
                    self.bound(variable, 2 ** low.size() - 1)
        elif kind == z3.Z3_OP_ULEQ and is_variable(fact.arg(0)) and z3.is_bv_value(fact.arg(1)):
            self.bound(fact.arg(0), fact.arg(1).as_long())

    def bound(self, variable, most):
        name = variable.decl().name()
        self.bounds[name] = min(most, self.bounds.get(name, most))

    def unknown(self, size, name=None, most=None):
        """Any integer of so many bits."""
        if name is None:
            self.fresh += 1
            name = f"any!{self.fresh}"
        value = z3.Int(name)
        most = 2**size - 1 if most is None else most
        self.facts.append(z3.And(value >= 0, value <= most))
        return value, 0, most

    def number(self, term):
        """The integer of a bit-vector, with the least and the most it can be."""
        key = term.get_id()
        if key not in self.cache:
            # The term is kept, for identifiers of dead terms are used again.
            self.cache[key] = (term, self.translate(term))
        return self.cache[key][1]

    def translate(self, term):
        size = term.size()
        kind = term.decl().kind()
        name = term.decl().name()
        if z3.is_bv_value(term):
            value = term.as_long()
            return z3.IntVal(value), value, value
        if is_variable(term):
            return self.unknown(size, name, self.bounds.get(name))
        if kind == z3.Z3_OP_CONCAT:
            return self.concatenation(term)
        if kind == z3.Z3_OP_EXTRACT:
            return self.extraction(term)
        if kind == z3.Z3_OP_BADD:
            parts = [self.signed(child) for child in term.children()]
            return wrap(z3.Sum([p[0] for p in parts]), sum(p[1] for p in parts), sum(p[2] for p in parts), size)
        if kind == z3.Z3_OP_BSUB and term.num_args() == 2:
            (a, low_a, high_a), (b, low_b, high_b) = map(self.number, term.children())
            return wrap(a - b, low_a - high_b, high_a - low_b, size)
        if is_product(term):
            return wrap(*self.product(term), size)
        if kind in (z3.Z3_OP_BUDIV, z3.Z3_OP_BUDIV_I) or name.startswith("f_evm_bvudiv"):
            return self.division(term)[0]
        if kind in (z3.Z3_OP_BUREM, z3.Z3_OP_BUREM_I) or name.startswith("f_evm_bvurem"):
            return self.division(term)[1]
        if kind == z3.Z3_OP_ITE:
            return self.choice(term)
        return self.unknown(size)

    def signed(self, term):
        """A summand: a product with a constant of the upper half is one with a negative constant, modulo 2^size."""
        if z3.is_bv_value(term):
            value = negative(term.as_long(), term.size())
            return z3.IntVal(value), value, value
        if term.decl().kind() == z3.Z3_OP_BMUL and z3.is_bv_value(term.arg(0)) and term.num_args() == 2:
            factor = negative(term.arg(0).as_long(), term.size())
            value, low, high = self.number(term.arg(1))
            return factor * value, min(factor * low, factor * high), max(factor * low, factor * high)
        return self.number(term)

    def product(self, term):
        value, low, high = self.number(term.arg(0))
        for child in term.children()[1:]:
            other, other_low, other_high = self.number(child)
            # One order of factors, so that equal products are the same term.
            first, second = sorted((value, other), key=lambda factor: factor.sexpr())
            value, low, high = first * second, low * other_low, high * other_high
        return value, low, high

    def concatenation(self, term):
        value, low, high = self.number(term.arg(0))
        for child in term.children()[1:]:
            part, part_low, part_high = self.number(child)
            shift = 2 ** child.size()
            if high == 0:
                value, low, high = part, part_low, part_high
            else:
                value, low, high = value * shift + part, low * shift + part_low, high * shift + part_high
        return value, low, high

    def extraction(self, term):
        top, bottom = term.params()
        value, low, high = self.number(term.arg(0))
        if bottom > 0:
            value, low, high = value / 2**bottom, low >> bottom, high >> bottom
        return wrap(value, low, high, top - bottom + 1)

    def division(self, term):
        """Quotient and remainder. Both are 0 for the divisor 0, as in the EVM and in halmos's functions."""
        if not term.decl().name().startswith("f_evm_"):
            # Plain bvudiv and bvurem are something else for 0.
            if self.number(term.arg(1))[1] == 0:
                return self.unknown(term.size()), self.unknown(term.size())
        n, n_low, n_high = self.number(term.arg(0))
        d, d_low, d_high = self.number(term.arg(1))
        zero = z3.IntVal(0), 0, 0
        if d_high == 0:
            return zero, zero
        if n_high < d_low:
            return zero, (n, n_low, n_high)
        key = ("division", n.get_id(), d.get_id())
        if key in self.cache:
            return self.cache[key][1]
        quotient = self.unknown(term.size(), most=n_high // max(d_low, 1))
        remainder = self.unknown(term.size(), most=max(d_high - 1, 0))
        q, r = quotient[0], remainder[0]
        exact = z3.And(n == q * d + r, r < d)
        self.facts.append(exact if d_low > 0 else z3.If(d == 0, z3.And(q == 0, r == 0), exact))
        self.cache[key] = ((n, d), (quotient, remainder))
        return quotient, remainder

    def choice(self, term):
        (a, low_a, high_a), (b, low_b, high_b) = self.number(term.arg(1)), self.number(term.arg(2))
        try:
            condition = z3.simplify(self.truth(term.arg(0)))
        except Untranslatable:
            value, _, _ = self.unknown(term.size())
            self.facts.append(z3.Or(value == a, value == b))
            return value, min(low_a, low_b), max(high_a, high_b)
        if z3.is_true(condition):
            return a, low_a, high_a
        if z3.is_false(condition):
            return b, low_b, high_b
        return z3.If(condition, a, b), min(low_a, low_b), max(high_a, high_b)

    def truth(self, term):
        kind = term.decl().kind()
        parts = term.children()
        if kind in (z3.Z3_OP_TRUE, z3.Z3_OP_FALSE):
            return term
        if kind == z3.Z3_OP_NOT:
            return z3.Not(self.truth(parts[0]))
        if kind == z3.Z3_OP_AND:
            return z3.And([self.truth(part) for part in parts])
        if kind == z3.Z3_OP_OR:
            return z3.Or([self.truth(part) for part in parts])
        if kind == z3.Z3_OP_IMPLIES:
            return z3.Implies(self.truth(parts[0]), self.truth(parts[1]))
        if kind in COMPARISONS and all(z3.is_bv(part) for part in parts):
            return COMPARISONS[kind](*(self.number(part)[0] for part in parts))
        if kind in (z3.Z3_OP_EQ, z3.Z3_OP_ITE) and all(z3.is_bool(part) for part in parts):
            known = [self.truth(part) for part in parts]
            return known[0] == known[1] if kind == z3.Z3_OP_EQ else z3.If(*known)
        raise Untranslatable(str(term.decl()))


class Selections:
    """OpenZeppelin chooses without a branch: `b ^ ((a ^ b) * c)` and `c * a` for a condition c of 0 or 1. Here both become what
    they mean, `if c then a else b` with b = 0 for the second."""

    def __init__(self):
        self.cache = {}

    def rewrite(self, term):
        key = term.get_id()
        if key not in self.cache:
            # The term is kept, for identifiers of dead terms are used again.
            self.cache[key] = (term, self.rewritten(term))
        return self.cache[key][1]

    def rewritten(self, term):
        if term.num_args() == 0 or not z3.is_app(term):
            return term
        before = term.children()
        parts = [self.rewrite(part) for part in before]
        kind = term.decl().kind()
        for index, part in enumerate(parts):
            if not is_choice(part):
                continue
            condition, one, other = part.children()
            rest = parts[:index] + parts[index + 1 :]
            if is_product(term) and len(rest) == 1 and is_bit(one) and is_bit(other):
                return z3.If(condition, rest[0] if one.as_long() else one, rest[0] if other.as_long() else other)
            if kind == z3.Z3_OP_BXOR:
                return z3.If(condition, exclusive_or([one, *rest]), exclusive_or([other, *rest]))
            if kind == z3.Z3_OP_EXTRACT:
                return z3.If(condition, *(z3.simplify(z3.Extract(*term.params(), side)) for side in (one, other)))
        if all(part.eq(old) for part, old in zip(parts, before)):
            return term
        return term.decl()(*parts) if term.num_args() < 3 else z3.substitute(term, *zip(before, parts))


def exclusive_or(terms):
    """Equal terms cancel each other."""
    left = []
    for term in terms:
        for part in term.children() if term.decl().kind() == z3.Z3_OP_BXOR else [term]:
            twin = next((index for index, other in enumerate(left) if other.eq(part)), None)
            if twin is not None:
                left.pop(twin)
            elif not (z3.is_bv_value(part) and part.as_long() == 0):
                left.append(part)
    if not left:
        return z3.BitVecVal(0, terms[0].size())
    value = left[0]
    for part in left[1:]:
        value = value ^ part
    return value


def is_product(term):
    return term.decl().kind() == z3.Z3_OP_BMUL or term.decl().name().startswith("f_evm_bvmul")


def is_choice(term):
    return z3.is_bv(term) and term.decl().kind() == z3.Z3_OP_ITE


def is_bit(term):
    return z3.is_bv_value(term) and term.as_long() in (0, 1)


COMPARISONS = {
    z3.Z3_OP_EQ: lambda a, b: a == b,
    z3.Z3_OP_DISTINCT: lambda *all_: z3.Distinct(*all_),
    z3.Z3_OP_ULEQ: lambda a, b: a <= b,
    z3.Z3_OP_ULT: lambda a, b: a < b,
    z3.Z3_OP_UGEQ: lambda a, b: a >= b,
    z3.Z3_OP_UGT: lambda a, b: a > b,
}


def is_variable(term):
    return z3.is_bv(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED and term.num_args() == 0


def negative(value, size):
    return value - 2**size if value >= 2 ** (size - 1) else value


def wrap(value, low, high, size):
    """The value modulo 2^size; as it is when its interval fits."""
    if low >= 0 and high < 2**size:
        return value, low, high
    value = z3.simplify(value, som=True)
    if z3.is_int_value(value):
        constant = value.as_long() % 2**size
        return z3.IntVal(constant), constant, constant
    return value % 2**size, 0, 2**size - 1


def query_of(path):
    """The query with halmos's functions undefined again: their names tell what they are."""
    text = pathlib.Path(path).read_text()
    return re.sub(
        r"\(define-fun (f_evm_bv(?:mul|udiv|urem)_(\d+)) \(\(x .*\n",
        r"(declare-fun \1 ((_ BitVec \2) (_ BitVec \2)) (_ BitVec \2))\n",
        text,
    )


def is_proven(path, seconds):
    """As the query stands, and with its selections, which cost more than they give where a proof does not need them. How long a
    proof takes is a matter of luck: some short tries find it sooner than a long one."""
    query = list(z3.parse_smt2_string(query_of(path)))
    selections = Selections()
    selected = [selections.rewrite(assertion) for assertion in query]
    tries = [(query, 0), (selected, 0), (query, 1), (selected, 1), (query, 2), (query, 3)]
    for assertions, seed in tries:
        solver = z3.Solver()
        solver.set("timeout", int(seconds * 1000 / len(tries)))
        solver.set("random_seed", seed)
        solver.add(Translation(assertions).facts)
        if solver.check() == z3.unsat:
            return True
    return False


def main():
    path = sys.argv[-1]
    seconds = SECONDS
    if is_proven(path, seconds):
        print("unsat")
        return 0
    yices = pathlib.Path(sys.executable).parent / "yices-smt2"
    return subprocess.run([yices, f"--timeout={int(seconds)}", path], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
