"""Flag policies: which findings raise which flags, as versioned data.

    policy = load_policy("policy.yaml")          # or default_policy()
    flags = evaluate(policy, [report_json])      # a dry run: nothing is stored or sent
    compare(old, new, past_results)              # what a change of policy would have changed

A flag asks a person to look, or informs. There is nothing worse that a rule could say.
"""

from audit.policies.evaluation import Comparison, Flag, compare, deadline, evaluate
from audit.policies.model import Policy, Rule, default_policy, json_schema, load_policy

__all__ = [
    "Comparison",
    "Flag",
    "Policy",
    "Rule",
    "compare",
    "deadline",
    "default_policy",
    "evaluate",
    "json_schema",
    "load_policy",
]
