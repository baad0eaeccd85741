"""What the checklists of regimes (REGIMES.md) list, and the fields of packs that stand for it.

`NAMED`: ids that the checklists give, each with the field, or the stem of the fields, of a pack.
`LISTED`: what they list without an id, in their order; each line names the fields that answer it.
"""

from __future__ import annotations

NAMED: dict[str, str] = {
    # New York City
    "ll144.scope": "ll144.scope",
    "ll144.aedt_test": "ll144.aedt_test",
    "ll144.auditor_independent": "ll144.auditor_independent",
    "ll144.audit_age": "ll144.audit_age",
    "ll144.data_kind": "ll144.data_kind",
    "ll144.no_imputation": "ll144.no_imputation",
    "date_of_audit": "ll144.date_of_audit",
    "source_of_data": "ll144.source_of_data",
    "explanation_of_data": "ll144.explanation_of_data",
    "n_unknown": "ll144.n_unknown",
    "n_applicants": "ll144.n_applicants",
    "selection_rate": "ll144.selection_rate",
    "scoring_rate": "ll144.selection_rate",
    "impact_ratio": "ll144.impact_ratio",
    "justification": "ll144.justification",
    "why_not_historical": "ll144.why_not_historical",
    "how_generated_obtained": "ll144.how_generated_obtained",
    "distribution_date": "ll144.distribution_date",
    "notice.aedt_used": "notice.aedt_used",
    "notice.qualifications_characteristics": "notice.qualifications_characteristics",
    "notice.how_to_request_alternative_or_accommodation": (
        "notice.how_to_request_alternative_or_accommodation"
    ),
    "data_type": "ll144.data_type",
    "data_source": "ll144.data_source",
    "retention_policy": "ll144.retention_policy",
    "how_to_write_in": "ll144.how_to_write_in",
    # European Union
    "instructions_followed": "eu_ai_act.instructions_followed",
    "oversight_person": "eu_ai_act.oversight_person",
    "input_data_relevant_representative": "eu_ai_act.input_data_relevant_representative",
    "monitoring_plan": "eu_ai_act.monitoring_plan",
    "logs_kept": "eu_ai_act.logs_kept",
    "workers_and_reps_informed": "eu_ai_act.workers_and_reps_informed",
    "dpia_used_art13_info": "eu_ai_act.dpia_used_art13_info",
    "candidate_informed": "eu_ai_act.candidate_informed",
    "gdpr.art22": "gdpr.art22",
    "gdpr.dpia": "gdpr.dpia",
    "gdpr.ropa": "gdpr.ropa",
    # Colorado, California
    "co.covered": "co.covered",
    "co.notice_pre_use": "co.notice_pre_use",
    "co.adverse_30d": "co.adverse_30d",
    "co.rights": "co.rights",
    "co.records": "co.records",
    "ca.antibias_evidence": "ca.antibias_evidence",
    "ca.records": "ca.records",
    "ccpa.pre_use_notice": "ccpa.pre_use_notice",
    "ccpa.opt_out": "ccpa.opt_out",
    "ccpa.access": "ccpa.access",
    # The record of one human review
    "person_ref": "event.person_ref",
    "jurisdiction": "event.jurisdiction",
    "regime": "event.regime",
    "request_type": "event.request_type",
    "received_at": "event.received_at",
    "channel": "event.channel",
    "due_at": "event.due_at",
    "tool_id": "event.tool_id",
    "version": "event.version",
    "output_shown": "event.output_shown",
    "reviewer_id": "event.reviewer_id",
    "reviewer_authority": "event.reviewer_authority",
    "reviewer_training_id": "event.reviewer_training_id",
    "independent_of_original": "event.independent_of_original",
    "evidence_considered": "event.evidence_considered",
    "admt_used_in_review": "event.admt_used_in_review",
    "outcome": "event.outcome",
    "reason": "event.reason",
    "result_sent_at": "event.result_sent_at",
    "retaliation_check": "event.retaliation_check",
    "retention_until": "event.retention_until",
    "legal_hold": "event.legal_hold",
}

LETTERS: dict[str, str] = {
    "3B": "abcdef",
    "3F1": "abcdefgh",
    "3F2": "abcdefgh",
    "3F3": "",
    "3F4": "",
    "3F5": "",
    "3F6": "",
    "3F7": "",
    "3F8": "",
    "3F9": "",
}
"""Lettered members of Art. 27 and of Annex IV."""

LISTED: dict[str, str] = {
    "1B": "ll144.categories ll144.tables ll144.each_class ll144.median ll144.reference "
    "ll144.n_unknown ll144.excluded_categories",
    "1C 3": "ll144.explanation_of_data.limits",
    "1C recommended": "ll144.extra.selected ll144.median ll144.extra.tie_share "
    "ll144.extra.auditor_name ll144.extra.tool_version ll144.extra.rounding_rule ll144.extra.hash",
    "1C posting": "ll144.posted_at ll144.posted_until",
    "1D": "ll144.notice.channel ll144.notice.in_time ll144.notice.missed ll144.first_use "
    "ll144.information_answered ll144.information_withheld",
    "2 4B-4D": "ugesp.groups ugesp.bottom_line ugesp.components ugesp.four_fifths "
    "ugesp.significance ugesp.differences ugesp.atypical_recruiting ugesp.other_evidence "
    "ugesp.inference",
    "2 15A(1)": "ugesp.small_employer ugesp.small.movements ugesp.small.applicants "
    "ugesp.small.procedures",
    "2 15A(2)": "ugesp.yearly ugesp.two_percent ugesp.method_justification "
    "ugesp.component_records ugesp.too_few ugesp.personnel_records",
    "2 15A(3), 15B": "ugesp.validity ugesp.validity.why_not ugesp.study.dates_places "
    "ugesp.study.job_analysis ugesp.study.criterion_measures ugesp.study.samples "
    "ugesp.study.means ugesp.study.correlations ugesp.study.significance "
    "ugesp.study.corrections ugesp.study.group_prediction ugesp.study.impact "
    "ugesp.study.cut_score ugesp.study.contact ugesp.study.accuracy",
    "2 3B, 5G, 5H": "ugesp.alternatives ugesp.ranking ugesp.study.cut_score",
    "2 record": "ugesp.record.job ugesp.record.location ugesp.record.period ugesp.record.stage "
    "ugesp.record.group ugesp.record.n_applied ugesp.record.n_selected ugesp.record.rate "
    "ugesp.record.ir ugesp.record.referent ugesp.record.z ugesp.record.exact_p "
    "ugesp.record.mid_p ugesp.record.ci ugesp.record.shortfall ugesp.record.one_person "
    "ugesp.record.finding ugesp.method_justification ugesp.record.validity_link",
    "3A": "eu_ai_act.oversight_person.name eu_ai_act.oversight_person.competence "
    "eu_ai_act.oversight_person.training eu_ai_act.oversight_person.authority "
    "eu_ai_act.oversight_person.support eu_ai_act.monitoring_plan.risk_notice "
    "eu_ai_act.monitoring_plan.suspension eu_ai_act.public_registration eu_ai_act.cooperation",
    "3B": "eu_ai_act.fria.required eu_ai_act.fria.notified eu_ai_act.fria.updated "
    "eu_ai_act.fria.dpia",
    "3C": "eu_ai_act.explanation.role eu_ai_act.explanation.elements",
    "3D": "eu_ai_act.interaction eu_ai_act.marking eu_ai_act.biometric_information "
    "eu_ai_act.emotion_inference",
    "3E 9": "eu_ai_act.risk.known eu_ai_act.risk.misuse eu_ai_act.risk.post_market "
    "eu_ai_act.risk.measures eu_ai_act.risk.residual",
    "3E 10": "eu_ai_act.data.design eu_ai_act.data.origin eu_ai_act.data.preparation "
    "eu_ai_act.data.assumptions eu_ai_act.data.suitability eu_ai_act.data.bias "
    "eu_ai_act.data.mitigation eu_ai_act.data.gaps eu_ai_act.data.special.necessity "
    "eu_ai_act.data.special.pseudonymised eu_ai_act.data.special.access "
    "eu_ai_act.data.special.onward eu_ai_act.data.special.deleted eu_ai_act.data.special.reason",
    "3E 12, 13": "eu_ai_act.logs eu_ai_act.instructions.provider eu_ai_act.instructions.purpose "
    "eu_ai_act.instructions.metrics eu_ai_act.instructions.risks "
    "eu_ai_act.instructions.explainability eu_ai_act.instructions.groups "
    "eu_ai_act.instructions.inputs eu_ai_act.instructions.interpretation "
    "eu_ai_act.instructions.changes eu_ai_act.instructions.oversight "
    "eu_ai_act.instructions.resources eu_ai_act.instructions.logs",
    "3E 14, 15": "eu_ai_act.oversight.automation_bias eu_ai_act.oversight.override "
    "eu_ai_act.oversight.stop eu_ai_act.accuracy.levels eu_ai_act.accuracy.feedback",
    "3E 18-73": "eu_ai_act.documentation_kept eu_ai_act.provider_logs_kept "
    "eu_ai_act.registration eu_ai_act.post_market eu_ai_act.incidents",
    "3F 2g, 3": "eu_ai_act.annex4.2g.signed eu_ai_act.annex4.3.capabilities "
    "eu_ai_act.annex4.3.groups eu_ai_act.annex4.3.outcomes eu_ai_act.annex4.3.oversight "
    "eu_ai_act.annex4.3.inputs",
    "4 1701-1703": "co.covered.factor co.covered.affects co.covered.consumers co.developer.uses "
    "co.developer.training_data co.developer.limitations co.developer.instructions "
    "co.developer.deployer_information co.developer.updates co.developer.records",
    "4 1704": "co.notice_pre_use.more co.notice_pre_use.place co.adverse_30d.decision "
    "co.adverse_30d.role co.adverse_30d.process co.adverse_30d.technology "
    "co.adverse_30d.data_types co.adverse_30d.data_sources co.adverse_30d.rights "
    "co.formats.accessible co.formats.languages",
    "4 1705": "co.rights.obtain co.rights.correct co.rights.review co.rights.reviewer.authority "
    "co.rights.reviewer.evidence co.rights.reviewer.trained co.rights.reviewer.default "
    "co.rights.reviewer.knows",
    "4 rules": "co.rules.channels co.rules.print co.rules.principal_reasons co.rules.inferences "
    "co.rules.score co.rules.denial_factors co.rules.missing_information co.rules.human_role "
    "co.rules.request_page co.rules.data_requests co.rules.request_methods co.rules.independent "
    "co.rules.unassisted co.rules.corrected_data co.rules.accessibility",
    "4bis": "co_2024.purpose co_2024.use_cases co_2024.benefits co_2024.discrimination.analysis "
    "co_2024.mitigation co_2024.inputs co_2024.outputs co_2024.customisation co_2024.metrics "
    "co_2024.limits co_2024.transparency co_2024.monitoring co_2024.consistency "
    "co_2024.assessed_on co_2024.modified_on co_2024.kept",
    "5A": "ca.system ca.agent ca.proxies ca.bases ca.antibias_evidence.quality "
    "ca.antibias_evidence.efficacy ca.antibias_evidence.recency ca.antibias_evidence.scope "
    "ca.antibias_evidence.results ca.antibias_evidence.response ca.records.customisation "
    "ca.records.demographics ca.records.hold ca.accommodation.tests ca.accommodation.schedule "
    "ca.impact ca.impact.job_related",
    "5B": "ccpa.involvement.interpret ccpa.involvement.reviews ccpa.involvement.authority "
    "ccpa.pre_use_notice.purpose ccpa.pre_use_notice.opt_out ccpa.pre_use_notice.access "
    "ccpa.pre_use_notice.retaliation ccpa.pre_use_notice.data ccpa.pre_use_notice.output "
    "ccpa.pre_use_notice.human_role ccpa.pre_use_notice.alternative ccpa.opt_out.methods "
    "ccpa.opt_out.account ccpa.opt_out.received ccpa.opt_out.confirmed ccpa.opt_out.processors "
    "ccpa.opt_out.no_new_asking ccpa.opt_out.exception ccpa.opt_out.appeal ccpa.opt_out.works "
    "ccpa.opt_out.discrimination ccpa.access.purpose ccpa.access.logic ccpa.access.output "
    "ccpa.access.outcome ccpa.access.future ccpa.access.rights ccpa.risk_assessment",
    "6 HB 3773": "il_hb3773.effect il_hb3773.zip_code il_hb3773.feature_scan il_hb3773.notice "
    "il_hb3773.draft.product il_hb3773.draft.decisions il_hb3773.draft.purpose "
    "il_hb3773.draft.data il_hb3773.draft.positions il_hb3773.draft.contact",
    "6 AIVIA": "aivia.notice aivia.explanation aivia.consent aivia.sharing aivia.deletion "
    "aivia.solely aivia.report.groups aivia.report.hired aivia.report.sent",
    "6 BIPA": "bipa.policy bipa.destroy bipa.notice.collected bipa.notice.purpose "
    "bipa.notice.term bipa.release bipa.sale bipa.disclosure bipa.care",
    "7": "gdpr.art22.solely gdpr.art22.basis gdpr.art22.intervention gdpr.art22.view "
    "gdpr.art22.contest gdpr.art22.special gdpr.art22.logic gdpr.dpia.required "
    "gdpr.dpia.description gdpr.dpia.purposes gdpr.dpia.necessity gdpr.dpia.risks "
    "gdpr.dpia.measures gdpr.dpia.dpo gdpr.dpia.views gdpr.dpia.reviewed gdpr.ropa.controller "
    "gdpr.ropa.purposes gdpr.ropa.categories gdpr.ropa.recipients gdpr.ropa.transfers "
    "gdpr.ropa.erasure gdpr.ropa.security gdpr.bias_tests.necessity gdpr.bias_tests.basis",
    "8 RMF": "nist.map_5_1 nist.map_5_2 nist.measure_2_11 nist.measure_4_1 nist.measure_4_2 "
    "nist.measure_4_3 nist.manage_4_1 nist.manage_4_2 nist.manage_4_3 nist.govern_1_1 "
    "nist.govern_1_2 nist.govern_1_3 nist.govern_1_4 nist.govern_1_5 nist.govern_1_6 "
    "nist.govern_1_7",
    "8 42001": "iso_42001.6_1_2 iso_42001.6_1_3 iso_42001.6_1_4 iso_42001.9_1 iso_42001.9_3 "
    "iso_42001.b_5_3 iso_42001.b_5_4 iso_42001.b_6_2_6 iso_42001.b_9_3 iso_42001.b_10_3",
    "0 New Jersey, Ontario": "nj.impact nj.burden nj.alternatives nj.vendor_oversight "
    "nj.testing on_esa.employees on_esa.statement on_esa.postings_kept",
    "10 monitor": "event.override_rate event.time_to_close event.opt_out_disparity "
    "event.outcome_disparity",
}

STATUS: dict[str, tuple[str, str | None, str]] = {
    # pack: status, since, what was read
    "ll144": ("in_force", None, "primary"),
    "ugesp": ("in_force", None, "primary"),
    "eu_ai_act": ("from", "2027-12-02", "primary"),
    "eu_ai_act_provider": ("from", "2027-12-02", "primary"),
    "co_sb26_189": ("from", "2027-01-01", "primary"),
    "co_4ccr904_6": ("proposed", None, "primary"),
    "co_sb24_205": ("voluntary", None, "primary"),
    "ca_crd": ("in_force", "2025-10-01", "primary"),
    "ccpa_admt": ("from", "2027-01-01", "primary"),
    "il_hb3773": ("in_force", "2026-01-01", "primary"),
    "il_aivia": ("in_force", None, "primary"),
    "il_bipa": ("in_force", None, "primary"),
    "nj_disparate_impact": ("in_force", "2025-12-15", "secondary"),
    "on_esa_8_4": ("in_force", "2026-01-01", "secondary"),
    "gdpr": ("in_force", None, "primary"),
    "nist_ai_rmf": ("voluntary", None, "primary"),
    "iso_42001": ("voluntary", None, "secondary"),
    "review_event": ("voluntary", None, "primary"),
}

SECONDARY: tuple[str, ...] = (
    "ccpa.risk_assessment",
    "eu_ai_act.interaction",
    "eu_ai_act.marking",
    "eu_ai_act.biometric_information",
    "eu_ai_act.emotion_inference",
    "eu_ai_act.bias_data.necessity",
    "gdpr.art22.logic",
    "gdpr.bias_tests.basis",
    "aivia.sharing",
    "aivia.deletion",
    "ugesp.personnel_records",
    "il_hb3773.draft.*",
    "nist.*",
    "iso_42001.*",
    "nj.*",
    "on_esa.*",
)
"""Of these an account was read, or a detail is on no checklist; `*`: all that begin so."""

PRIMARY = "nist.measure_2_11"
"""Begins so, and was read."""

OWN: tuple[str, ...] = (
    "ca.system.role",
    "ccpa.involvement.decisions",
    "co_2024.discrimination",
    "co.covered.role",
    "co.notice_pre_use.coverage",
    "co.adverse_30d.sent",
    "co.rights.corrections",
    "co.rights.reviews",
    "eu_ai_act.oversight_events",
    "eu_ai_act.monitoring_plan.incidents",
    "eu_ai_act.candidate_informed.coverage",
    "eu_ai_act.fria.d.measured",
    "eu_ai_act.explanation.answered",
    "gdpr.art22.role",
    "gdpr.art22.contested",
    "gdpr.dpia.risks.measured",
    "il_hb3773.uses",
    "ll144.scope.reasons",
    "ll144.aedt_test.reasons",
    "ll144.auditor_independent.statement",
    "on_esa.use",
    "event.people_apart",
)
"""Fields that stand beside a duty and are on no checklist."""

DAYS: dict[str, tuple[str, str | None, str | None]] = {
    # sections or fields with a status of their own: status, since, until
    "eu_ai_act.interaction": ("from", "2026-08-02", None),
    "eu_ai_act.marking": ("from", "2026-08-02", None),
    "eu_ai_act.biometric_information": ("from", "2026-08-02", None),
    "eu_ai_act.emotion_inference": ("from", "2025-02-02", None),
    "eu_ai_act.no_emotion_inference": ("from", "2025-02-02", None),
    "gdpr.bias_tests.basis": ("from", "2027-12-02", None),
    "il_hb3773.draft.*": ("withdrawn", "2026-05-15", "2026-06-02"),
    "ll144.extra.*": ("voluntary", None, None),
}
