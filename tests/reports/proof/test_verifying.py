"""Verifying single reports and bundles: what is said of files that are intact, altered, odd."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from audit.canonical import canonical_hash, canonical_json
from audit.ledger import HeadsExport
from audit.ledger.heads import key_id
from reports.document import model as m
from reports.issuing import issue, render_body, render_file
from reports.proof.bundle import Contents, Manifest, make_bundle
from reports.proof.bundle_verifying import verify
from reports.proof.comparing import differences
from reports.proof.files import prove
from reports.proof.reading import SCRIPT
from reports.proof.recomputing import recompute
from reports.proof.sealing import seal
from reports.proof.trust import Trust
from reports.proof.verifying import Verification
from reports.proof.zips import bare, read_zip, write_zip
from tests.reports.proof.material import (
    FORMATS,
    audited,
    bundled,
    file_of,
    keys_of,
    of_this_version,
    recorded,
    sealed,
    sealed_letter,
    signer,
    trust,
)
from tests.reports.render.samples import typical


def states(found: Verification) -> dict[str, str]:
    return {check.name: check.state for check in found.checks}


def said(found: Verification) -> str:
    return " ".join([*(check.text for check in found.checks), *found.altered])


@pytest.mark.parametrize("wanted", FORMATS)
def test_each_format_verifies_and_renders_again(wanted: Any) -> None:
    data = file_of(wanted)
    found = verify(data, trust())
    assert (found.kind, found.verdict, found.altered) == (wanted, "verified", ())
    assert found.about["sha256"] == sealed().proof.document_sha256
    deep = verify(data, trust(), deep=True)
    assert deep.verdict == "verified"
    assert states(deep).get("rendering") == (None if wanted == "json" else "holds")
    assert render_file(sealed(), wanted, signer()) == data


def test_without_a_list_of_keys_it_is_only_intact() -> None:
    found = verify(file_of("json"), Trust())
    assert found.verdict == "key_unknown"
    assert "nobody you know vouches" in said(found)


def test_somebody_elses_signature_is_not_the_issuers() -> None:
    forged = issue(of_this_version(typical()), signer(3))
    assert verify(render_file(forged, "html", signer(3)), trust()).verdict == "key_unknown"


def test_a_changed_figure_is_named_with_its_field() -> None:
    value = json.loads(file_of("json"))
    value["document"]["data"]["worst"]["ratio"] = 0.99
    found = verify(canonical_json(value), trust())
    assert found.verdict == "failed"
    assert any(text.startswith("/data/worst") for text in found.altered)
    assert any("/worst/ratio says" in text for text in found.altered)


def test_hashes_made_to_fit_are_found_by_the_signature() -> None:
    value = json.loads(file_of("json"))
    value["document"]["publisher"] = "Somebody else"
    value["proof"]["document_sha256"] = canonical_hash(value["document"])
    found = verify(canonical_json(value), trust())
    assert found.verdict == "failed"
    assert "/publisher was changed" in found.altered or "/proof" in said(found)


def test_a_changed_word_of_a_page_is_named_by_line() -> None:
    data = file_of("html")
    before = data[: data.index(SCRIPT)]
    at = before.rindex(b"</td>") - 1
    line = data.count(b"\n", 0, at) + 1
    found = verify(data[:at] + b"!" + data[at + 1 :], trust())
    assert found.verdict == "failed"
    assert len(found.altered) == 1
    assert found.altered[0].startswith(f"line {line}, below “")
    assert "'!' stands in place of" in found.altered[0]


def test_pages_with_other_or_no_last_line_do_not_verify() -> None:
    data = file_of("html")
    cut = data[: data.rindex(b"<!-- fairwitness")]
    other = render_file(sealed_letter(), "html", signer())
    line = other[other.rindex(b"<!-- fairwitness") :]
    again = prove(cut, "html", signer(4), document_sha256=sealed().proof.document_sha256)
    for made in (cut, cut + line, again, data + b"\n", data + data):
        assert verify(made, trust()).verdict == "failed"


def test_a_page_signed_by_another_key_than_its_document_does_not_verify() -> None:
    body = render_body(sealed(), "html")
    digest = sealed().proof.document_sha256
    found = verify(prove(body, "html", signer(4), document_sha256=digest), trust())
    assert found.verdict == "failed" and "another key" in said(found)


def test_another_page_around_the_document_is_found_when_rendered_anew() -> None:
    body = render_body(sealed(), "html").replace(b"<main", b"<p>All is well.</p><main", 1)
    data = prove(body, "html", signer(), document_sha256=sealed().proof.document_sha256)
    assert verify(data, trust()).verdict == "verified"
    deep = verify(data, trust(), deep=True)
    assert deep.verdict == "failed" and states(deep)["rendering"] == "fails"


def test_sentences_that_differ_from_the_data_are_named_though_signed() -> None:
    document = of_this_version(typical())
    wrong = document.model_copy(update={"title": ("Four of 5",)})
    found = verify(seal(wrong, signer(), signed_at=document.issued_at).json_bytes, trust())
    assert found.verdict == "failed" and states(found)["sentences"] == "fails"
    assert states(found)["document"] == "holds"


def test_other_rules_are_not_judged() -> None:
    document = of_this_version(typical())
    made = m.Software(version="0.0.1", rules="0")
    older = document.model_copy(update={"software": made})
    found = verify(seal(older, signer(), signed_at=document.issued_at).json_bytes, trust())
    assert found.verdict == "verified" and states(found)["sentences"] == "not_checked"


def test_rotation_keeps_reports_valid_and_revocation_is_visible() -> None:
    keys = keys_of(signer())
    keys.rotate()
    assert verify(file_of("json"), Trust((keys.directory(),))).key is not None
    keys.revoke(key_id(signer().public), "lost")
    found = verify(file_of("json"), Trust((keys.directory(),)))
    assert found.verdict == "key_not_valid" and "was revoked" in said(found)


@cache
def with_head() -> bytes:
    head = recorded(sealed_letter()).receipts[0].head
    return issue(of_this_version(typical()), signer(), head=head).json_bytes


def test_the_ledger_head_is_compared_with_kept_ones() -> None:
    kept = recorded(sealed_letter()).kept
    assert states(verify(with_head(), trust()))["ledger_head"] == "not_checked"
    good = verify(with_head(), replace(trust(), heads=(kept,)))
    assert (good.verdict, states(good)["ledger_head"]) == ("verified", "holds")
    other = HeadsExport(kept.log, (), keys_of_nobody(), ())
    bad = verify(with_head(), replace(trust(), heads=(other,)))
    assert (bad.verdict, states(bad)["ledger_head"]) == ("failed", "fails")


def keys_of_nobody() -> tuple[Any, ...]:
    return ()


# --- bundles ---


def test_a_bundle_verifies_with_every_figure_from_its_counts() -> None:
    found = verify(bundled(), trust(), deep=True)
    assert (found.kind, found.verdict, found.altered) == ("bundle", "verified", ())
    for name in ("file", "members", "document", "report.html", "figures", "result"):
        assert states(found)[name] == "holds", name
    assert bundled() == make_again()


def make_again() -> bytes:
    envelope, cube = audited()
    members = read_zip(bare(bundled()))
    manifest = Manifest.model_validate_json(members["manifest.json"])
    assert [entry.path for entry in manifest.members]
    contents = Contents(
        formats=FORMATS,
        result=canonical_json(envelope.document.data["audit"]),
        cube=cube,
        receipts=recorded(envelope).receipts,
        keys=keys_of(signer()).directory(),
        evidence={"frame.jpg": b"\xff\xd8 a picture \xff\xd9"},
    )
    return make_bundle(envelope, contents, signer())


def test_the_readme_says_in_few_lines_how_to_verify() -> None:
    text = read_zip(bare(bundled()))["README.txt"].decode()
    assert "fairwitness verify" in text
    assert len(text.splitlines()) <= 30


def test_an_altered_member_is_named() -> None:
    members = read_zip(bare(bundled()))
    comment = bundled()[bundled().rindex(b"PK\x05\x06") + 22 :]

    def again(**changed: bytes | None) -> Verification:
        held = {**members, **{k.replace("__", "/"): v for k, v in changed.items()}}
        made = write_zip({name: text for name, text in held.items() if text is not None})
        return verify(made[:-2] + len(comment).to_bytes(2, "little") + comment, trust())

    for name in ("cube.json", "result.json", "README.txt", "evidence/frame.jpg"):
        found = again(**{name: members[name] + b" "})
        assert found.verdict == "failed" and f"{name} was changed" in found.altered
    assert "extra.txt was added" in again(**{"extra.txt": b"x"}).altered
    assert "spec.json was removed" in again(**{"spec.json": None}).altered
    assert again(**{"manifest.json": None}).verdict == "failed"
    assert again().verdict == "verified"  # our writer makes the same bytes again
    members = dict(reversed(members.items()))
    assert again().verdict == "failed"


def test_a_figure_that_the_counts_do_not_give_is_named() -> None:
    envelope, cube = audited()
    audit = json.loads(canonical_json(envelope.document.data["audit"]))
    assert recompute(audit, cube).differences == 0
    audit["tables"][0]["rows"][0]["rate"]["value"] = 0.31
    found = recompute(audit, cube)
    assert found.differences == 1
    assert found.differing[0].startswith("/tables/0/rows/0/rate/value says 0.31")


def test_a_signed_figure_that_the_counts_do_not_give_fails() -> None:
    envelope, cube = audited()
    text = cube.replace(b"18", b"19", 1)
    assert text != cube
    data = make_bundle(envelope, Contents(formats=("json",), cube=text), signer())
    assert verify(data, trust()).verdict == "verified"
    deep = verify(data, trust(), deep=True)
    assert deep.verdict == "failed" and states(deep)["figures"] == "fails"


def test_counts_stay_out_of_bundles_where_small_cells_are_withheld() -> None:
    envelope, cube = audited()
    audit = json.loads(canonical_json(envelope.document.data["audit"]))
    audit["settings"]["suppress_below"] = 5
    hiding = envelope.document.model_copy(
        update={"data": {**envelope.document.data, "audit": audit}}
    )
    made = seal(hiding, signer(), signed_at=envelope.document.issued_at)
    data = make_bundle(made, Contents(formats=("json",), cube=cube), signer())
    assert "cube.json" not in read_zip(bare(data))


def test_the_ledger_in_a_bundle_proves_that_a_report_was_before_a_revocation() -> None:
    envelope, _ = audited()
    held = recorded(envelope)
    data = make_bundle(envelope, Contents(formats=("json",), receipts=held.receipts), signer())
    keys = keys_of(signer())
    keys.revoke(key_id(signer().public), "lost", at="2026-03-05T00:00:00Z")
    directory = keys.directory()
    assert verify(data, Trust((directory,))).verdict == "key_not_valid"
    found = verify(data, Trust((directory,), (held.kept,)))
    assert found.verdict == "verified" and "proves that the report was issued before" in said(found)


def test_places_in_files_are_named() -> None:
    page = b'<p id="one">x</p>\n<table id="two"><tbody>\n<tr><td>1</td></tr>\n<tr><td>2</td></tr>'
    (found,) = differences(page.replace(b">2<", b">3<"), page, "html")
    assert found == "line 4, below “two”, row 2 of its table: '3' stands in place of '2'"
    assert differences(page, page, "html") == []
    book = (
        b"%PDF-1.7\n1 0 obj\n<</Type/Pages/Count 2/Kids[3 0 R 2 0 R]>>\nendobj\n"
        b"2 0 obj\n<</Type/Page/Contents 4 0 R>>\nendobj\n3 0 obj\n<</Type /Page/Contents 5 0 R>>\n"
        b"endobj\n4 0 obj\n<<>>\nstream\naaaa\nendstream\nendobj\n5 0 obj\n<<>>\nstream\nbbbb\n"
        b"endstream\nendobj\ntrailer\n%%EOF\n"
    )
    assert differences(book.replace(b"aaaa", b"aaba"), book, "pdf") == ["page 2 (object 4)"]
    assert differences(book.replace(b"bbbb", b"bbb"), book, "pdf") == ["page 1 (object 5)"]
    assert differences(book.replace(b"Count 2", b"Count 3"), book, "pdf") == [
        "the PDF, in object 1"
    ]
    assert "after object 5" in differences(book.replace(b"trailer", b"trailxr"), book, "pdf")[0]
    archive = write_zip({"a.csv": b"x,y\n1,2\n3,4\n", "b.txt": b"hello"})
    assert differences(archive.replace(b"3,4", b"3,5"), archive, "csv")[0].startswith(
        "a.csv, line 3: '5' stands in place of '4'"
    )
    assert differences(archive[:-3] + b"\1\0\0", archive, "csv")[0].startswith("the archive's dir")
