"""The methods that audit.html names: each measure's formula and source in one line.

A declarative table; the docstrings in package `fairness` say the same at length.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """A measure for people: its name, how it is computed, and where the definition is from."""

    name: str
    formula: str
    source: str


METHODS = (
    Method(
        "Selection rate",
        "x / n; interval: Wilson; also Clopper-Pearson and multinomial bootstrap",
        "29 CFR 1607.16R; Wilson (1927), JASA 22:209; Clopper and Pearson (1934), Biometrika "
        "26:404",
    ),
    Method(
        "Scoring rate",
        "share of a group with a score strictly above the median of all assessed, persons of "
        "unknown groups included unless the settings say otherwise",
        "6 RCNY 5-300",
    ),
    Method(
        "Impact ratio",
        "(x1 / n1) / (x2 / n2), 2 being the group with the highest rate of the same table; "
        "intervals: score (Miettinen-Nurminen), log-normal (Katz), bootstrap with the reference "
        "chosen anew in each replicate",
        "29 CFR 1607.4D; 6 RCNY 5-300; Miettinen and Nurminen (1985), Stat. Med. 4:213; Katz et "
        "al. (1978), Biometrics 34:469",
    ),
    Method(
        "Below four fifths",
        "5 · x1 · n2 < 4 · x2 · n1, in whole numbers",
        "29 CFR 1607.4D",
    ),
    Method(
        "Z; hypergeometric SD",
        "difference of rates over its standard error under one common rate; the same with the "
        "hypergeometric variance",
        "Hazelwood v. United States, 433 U.S. 299 (1977); Mantel and Haenszel (1959), JNCI 22:719",
    ),
    Method(
        "Fisher’s exact p; mid-p; Boschloo",
        "hypergeometric, two-sided by likelihood; half the observed outcome’s probability, smaller "
        "side doubled; unconditional test ordered by Fisher’s p",
        "Fisher (1935); Lancaster (1961), JASA 56:223; Boschloo (1970), Stat. Neerl. 24:1",
    ),
    Method(
        "Holm; Benjamini-Hochberg",
        "p corrected over the compared groups of one table",
        "Holm (1979), Scand. J. Stat. 6:65; Benjamini and Hochberg (1995), JRSS B 57:289",
    ),
    Method(
        "Shortfall",
        "persons by which x1 is below n1 times the rate of both groups together, or below n1 times "
        "the reference’s rate; below zero: no shortfall",
        "both definitions are in use; each is named where it is shown",
    ),
    Method(
        "One moved selection reverses",
        "x1 + 1 and x2 − 1 turn the order of the rates around",
        "UGESP Questions and Answers no. 21 (44 FR 11996, 1979)",
    ),
    Method(
        "Power; detectable ratio",
        "chance of the deciding test to find a true ratio of 4/5 at these numbers; the ratio found "
        "with a chance of .8",
        "normal approximation or exact binomial sums, as audit.json says per row",
    ),
    Method(
        "Classes of findings",
        "adverse: below 4/5, significant, not reversed by one; small numbers: below 4/5 otherwise; "
        "significant above four fifths; undetectable: power under .8; no indication: the rest",
        "29 CFR 1607.4D; Cochran (1954), Biometrics 10:417, for when Z may decide",
    ),
    Method(
        "At equal circumstances",
        "Cochran-Mantel-Haenszel; common odds, risk ratio and risk difference; Breslow-Day with "
        "Tarone’s correction for one odds ratio in all strata",
        "Mantel and Haenszel (1959), JNCI 22:719; Greenland and Robins (1985), Biometrics 41:55; "
        "Sato (1989), Biometrics 45:1323; Breslow and Day (1980)",
    ),
    Method(
        "Intersections",
        "rates predicted by main effects; rates shrunk towards the prediction (beta-binomial)",
        "empirical Bayes; audit.json has the prior’s weight in persons",
    ),
    Method(
        "Score distances",
        "Cohen’s d; largest gap of cumulative shares (KS); Wasserstein-1; chance to outscore "
        "(Mann-Whitney); overlap of histograms",
        "Cohen (1988); Smirnov (1939); Mann and Whitney (1947), Ann. Math. Stat. 18:50",
    ),
    Method(
        "Other cuts",
        "rates and impact ratios recomputed at every cut; reference: highest rate at that cut",
        "as the impact ratio",
    ),
    Method(
        "Funnel",
        "log of the bottom-line ratio as the sum of the log ratios of its stages and of the losses "
        "between them",
        "29 CFR 1607.4C, bottom line; identity of logarithms",
    ),
    Method(
        "Over time",
        "chi-square of one rate; Cochran-Armitage trend; Woolf’s test of one odds ratio; binary "
        "segmentation with p by random series without a change",
        "Armitage (1955), Biometrics 11:375; Woolf (1955), Ann. Hum. Genet. 19:251; Scott and "
        "Knott (1974), Biometrics 30:507",
    ),
    Method(
        "Questions",
        "Mantel-Haenszel with delta = −2.35 ln(odds ratio) and classes by |delta| 1 and 1.5; "
        "Mantel’s test with standardized difference .17 and .25; logistic and ordinal regression; "
        "flagged questions leave the matching score",
        "Holland and Thayer (1988); Zwick (2012), ETS RR-12-08; Mantel (1963), JASA 58:690; "
        "Swaminathan and Rogers (1990); Jodoin and Gierl (2001)",
    ),
    Method(
        "Validity",
        "Pearson’s r with Fisher’s z; F tests of one regression line, of slopes, of intercepts; "
        "correction for range: Thorndike’s case 2; two tools on the same persons: Williams’ t",
        "Cleary (1968), J. Educ. Meas. 5:115; Thorndike (1949); Williams (1959), JRSS B 21:396",
    ),
    Method(
        "Decisions against later performance",
        "true and false positive rates, predictive values, equalized odds, calibration by bin",
        "Hardt, Price and Srebro (2016); as in fairlearn",
    ),
    Method(
        "Interviewers",
        "ICC(1) and ICC(2); Krippendorff’s alpha; deviations by least squares, shrunk by empirical "
        "Bayes",
        "Shrout and Fleiss (1979), Psychol. Bull. 86:420; Krippendorff (2019), Content Analysis",
    ),
    Method(
        "Alternatives",
        "cuts, weights and dropped questions, fairlearn’s reductions; searched on one half, "
        "measured on the other",
        "Agarwal et al. (2018); Hardt et al. (2016); worst impact ratio against validity",
    ),
)
"""In the order of the page."""
