"""The pages where people work: sign-in, and one module for each page. See docs/workplace.md."""

from fastapi import APIRouter

from api.workplace import (
    candidates,
    company_sign_in,
    fairness,
    fairness_cut,
    fairness_tables,
    files,
    interviews,
    ledger,
    report_checking,
    report_forms,
    report_schedules,
    reports,
    requests,
    reviews,
    settings,
    settings_keys,
    settings_models,
    settings_packs,
    settings_policies,
    settings_users,
    signing_in,
    systems,
    today,
)

ROUTERS: tuple[APIRouter, ...] = (
    files.files,
    signing_in.entry,
    company_sign_in.entry,
    signing_in.leaving,
    today.sending,
    today.pages,
    reviews.pages,
    requests.pages,
    interviews.pages,
    candidates.pages,
    fairness_tables.sending,
    fairness_tables.pages,
    fairness.pages,
    fairness_cut.pages,
    report_checking.sending,
    report_checking.pages,
    report_schedules.pages,
    report_forms.pages,
    reports.pages,
    systems.pages,
    ledger.pages,
    settings_keys.pages,
    settings_users.pages,
    settings_policies.pages,
    settings_models.pages,
    settings_packs.pages,
    settings.pages,
)
"""A new page is one line here, and one in `framing.NAVIGATION`."""

__all__ = ["ROUTERS"]
