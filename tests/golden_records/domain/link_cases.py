"""Cases of link planning: policy, state, action, state; see `linkworld` for the language."""

from __future__ import annotations

from golden_records.domain.rulebook import Existence

ERP_CREATES = {"existence": Existence(creators=("erp",))}
MERGING = {"auto_merge": True}
STRICT = {"auto_unlink": False}
ONE_EACH = {"max_per_system": 1}

CASES = {
    "nothing matches: a golden record of its own": (
        {}, "", "crm:7:", "N1, AUTO, MATCH, crm:7",
    ),
    "nothing matches and the system may not create: it waits": (
        ERP_CREATES, "", "crm:7:", "case creation_held:",
    ),
    "it matches what is there and need not create": (
        ERP_CREATES, "G1, AUTO, MATCH, erp:1", "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7",
    ),
    "only possible and the system may not create: no provisional golden record": (
        ERP_CREATES, "G1, AUTO, MATCH, erp:1", "crm:7: G1 review",
        """G1, AUTO, MATCH, erp:1
        G1, AUTO, POSSIBLE_MATCH, crm:7
        case creation_held: G1""",
    ),
    "a hot block and the system may not create: it waits": (
        ERP_CREATES, "", "crm:7 hot:", "case creation_held:",
    ),
    "a record that leaves by itself and may not create waits": (
        ERP_CREATES, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7:",
        "G1, AUTO, MATCH, erp:1\ncase creation_held:",
    ),
    "what was created goes on without the record that created it": (
        ERP_CREATES, "G1, AUTO, MATCH, crm:7", "crm:7:", "G1, AUTO, MATCH, crm:7",
    ),
    "all matches in one golden record": (
        {}, "G1, AUTO, MATCH, erp:1", "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7",
    ),
    "a match outranks possible matches": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2", "crm:7: G1 match, G2 review",
        "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2\nG1, AUTO, MATCH, crm:7",
    ),
    "only possible: a provisional golden record and a case": (
        {}, "G1, AUTO, MATCH, erp:1", "crm:7: G1 review",
        """G1, AUTO, MATCH, erp:1
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7
        case ambiguous_match: G1""",
    ),
    "matches in several known outside: no silent merge": (
        {}, "G1, AUTO, MATCH, erp:1\nG1 published\nG2, AUTO, MATCH, erp:2\nG2 published",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, erp:2
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7
        G2, AUTO, POSSIBLE_MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "not even where merging is allowed": (
        MERGING, "G1, AUTO, MATCH, erp:1\nG1 published\nG2, AUTO, MATCH, erp:2\nG2 touched",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, erp:2
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7
        G2, AUTO, POSSIBLE_MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "a free golden record joins the other": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2\nG2 published",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, REDIRECT, G2
        G2, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, erp:2
        G2, AUTO, MATCH, crm:7""",
    ),
    "two with several members are merged only where merging is allowed": (
        {}, """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:2""",
        "pim:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:2
        N1, AUTO, MATCH, pim:7
        G1, AUTO, POSSIBLE_MATCH, pim:7
        G2, AUTO, POSSIBLE_MATCH, pim:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "S1: while loading, a bridge merges and the loser redirects": (
        {"loading": True}, """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:2""",
        "pim:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1
        G1, AUTO, MATCH, erp:2\nG1, AUTO, MATCH, crm:2
        G1, AUTO, MATCH, pim:7
        G2, AUTO, REDIRECT, G1""",
    ),
    "S2: the larger and younger cluster survives if it is known outside": (
        MERGING, """G1, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:2\nG2 published""",
        "pim:7: G2 match, G1 match",
        """G1, AUTO, REDIRECT, G2
        G2, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:2
        G2, AUTO, MATCH, pim:7""",
    ),
    "S3: what was set apart does not meet again through a third record": (
        MERGING, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:1\nerp:1 different crm:1",
        "pim:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, crm:1
        N1, AUTO, MATCH, pim:7
        G1, AUTO, POSSIBLE_MATCH, pim:7
        G2, AUTO, POSSIBLE_MATCH, pim:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "different from one member is different from its cluster": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, pim:1\ncrm:7 different pim:1",
        "crm:7: G1 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, pim:1
        G1, AUTO, NO_MATCH, crm:7
        N1, AUTO, MATCH, crm:7""",
    ),
    "different from what it is the same as": (
        {}, "G1, AUTO, MATCH, erp:1\ncrm:7 same crm:8\ncrm:8 different erp:1", "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7",
    ),
    "same outranks every score": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2\ncrm:7 same erp:1",
        "crm:7: G2 match, G1 veto",
        "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2\nG1, AUTO, MATCH, crm:7",
    ),
    "different outranks same": (
        {}, """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, pim:1
        crm:7 same erp:1\ncrm:7 different pim:1""",
        "crm:7: G1 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, pim:1
        G1, AUTO, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7""",
    ),
    "a veto is a visible no": (
        {}, "G1, AUTO, MATCH, erp:1", "crm:7: G1 veto",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7",
    ),
    "S7: a review is never a link": (
        MERGING, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2", "crm:7: G1 review, G2 review",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7\nG2, AUTO, POSSIBLE_MATCH, crm:7
        case ambiguous_match: G1 G2""",
    ),
    "S5: a hot block is said, not cut": (
        {}, "G1, AUTO, MATCH, erp:1", "crm:7 hot:",
        "G1, AUTO, MATCH, erp:1\nN1, AUTO, MATCH, crm:7\ncase ambiguous_match:",
    ),
    "a hot block does not move what is linked": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7 hot:",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\ncase ambiguous_match:",
    ),
    "a hot block does not hide a steward's word": (
        {}, "G1, AUTO, MATCH, erp:1\ncrm:7 same erp:1", "crm:7 hot:",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7",
    ),
    "a second record of a system is a case": (
        ONE_EACH, "G1, AUTO, MATCH, erp:1", "erp:2: G1 match",
        """G1, AUTO, MATCH, erp:1
        N1, AUTO, MATCH, erp:2
        G1, AUTO, POSSIBLE_MATCH, erp:2
        case ambiguous_match: G1""",
    ),
    "a system that holds no duplicates": (
        {"duplicate_free": frozenset({"erp"})}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1",
        "crm:2: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1\nG1, AUTO, MATCH, crm:2",
    ),
    "a merge that would hold two of a system is a case": (
        {"max_per_system": 1, "auto_merge": True}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7\nG2, AUTO, POSSIBLE_MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "a merge that would be too large is a case": (
        {"auto_merge": True, "largest": 2}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7\nG2, AUTO, POSSIBLE_MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "a record alone where nobody looked moves freely": (
        {}, "G1, AUTO, MATCH, erp:1\nG1 published\nG2, AUTO, MATCH, crm:7", "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, REDIRECT, G1",
    ),
    "a record alone where nobody looked stays if nothing matches": (
        {}, "G2, AUTO, MATCH, crm:7", "crm:7:", "G2, AUTO, MATCH, crm:7",
    ),
    "a provisional golden record is kept while the case is open": (
        {}, """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7""",
        "crm:7: G1 review",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7\ncase ambiguous_match: G1""",
    ),
    "a possible match that became a match": (
        {}, """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7""",
        "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, REDIRECT, G1",
    ),
    "a possible match that faded": (
        {}, """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7""",
        "crm:7:", "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7",
    ),
    "alone but published: a match elsewhere is a possible duplicate": (
        {}, "G1, AUTO, MATCH, erp:1\nG1 published\nG2, AUTO, MATCH, crm:7\nG2 published",
        "crm:7: G1 match",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case possible_duplicate: G1 G2""",
    ),
    "alone but published: it takes in one that nobody knows": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7\nG2 published", "crm:7: G1 match",
        "G1, AUTO, REDIRECT, G2\nG2, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7",
    ),
    "alone but touched: a review elsewhere is a possible duplicate": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7\nG2 touched", "crm:7: G1 review",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case possible_duplicate: G1 G2""",
    ),
    "a record that still matches stays": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7",
    ),
    "a record that may still match stays": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7: G1 review",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7",
    ),
    "it stays although its system is over the bound by now": (
        ONE_EACH, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, erp:2", "erp:2: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, erp:2",
    ),
    "it may match at home and matches elsewhere: a case": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, MATCH, erp:2",
        "crm:7: G1 review, G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, MATCH, erp:2
        G2, AUTO, POSSIBLE_MATCH, crm:7\ncase ambiguous_match: G2""",
    ),
    "it matches at home and elsewhere: duplicates": (
        {}, """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, pim:2""",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, pim:2
        G1, AUTO, POSSIBLE_DUPLICATE, G2\ncase possible_duplicate: G1 G2""",
    ),
    "it matches at home and in one that nobody knows: joined": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, MATCH, erp:2",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG1, AUTO, MATCH, erp:2
        G2, AUTO, REDIRECT, G1""",
    ),
    "S6: a record that no longer matches leaves": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7:",
        "G1, AUTO, MATCH, erp:1\nN1, AUTO, MATCH, crm:7",
    ),
    "S6: or is a case where a target has seen them together": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG1 published", "crm:7:",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\ncase ambiguous_match:",
    ),
    "S6: or is a case where policy says so": (
        STRICT, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7:",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\ncase ambiguous_match:",
    ),
    "S6: or where a person touched the golden record": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG1 touched", "crm:7:",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\ncase ambiguous_match:",
    ),
    "a record that no longer matches goes where it does": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, MATCH, erp:2",
        "crm:7: G2 match",
        "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:7",
    ),
    "a veto at home makes it leave": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7: G1 veto",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7",
    ),
    "different at home makes it leave, whatever policy says": (
        STRICT, """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG1 touched
        erp:1 different crm:7""",
        "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7",
    ),
    "a manual link stays": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, MANUAL, MATCH, crm:7", "crm:7: G1 review",
        "G1, AUTO, MATCH, erp:1\nG1, MANUAL, MATCH, crm:7",
    ),
    "a manual link that the data contradict stays and is a case": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, MANUAL, MATCH, crm:7", "crm:7: G1 veto",
        """G1, AUTO, MATCH, erp:1\nG1, MANUAL, MATCH, crm:7
        case manual_link_contradicted: G1""",
    ),
    "an imported link is contradicted by a match elsewhere": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, IMPORTED, MATCH, crm:7\nG2, AUTO, MATCH, erp:2",
        "crm:7: G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, IMPORTED, MATCH, crm:7\nG2, AUTO, MATCH, erp:2
        case manual_link_contradicted: G1 G2""",
    ),
    "a golden record with a manual member is not merged away": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, MANUAL, MATCH, erp:2", "crm:7: G1 match, G2 match",
        """G1, AUTO, REDIRECT, G2
        G2, AUTO, MATCH, erp:1\nG2, MANUAL, MATCH, erp:2\nG2, AUTO, MATCH, crm:7""",
    ),
    "a manual no is never asked again": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, MANUAL, NO_MATCH, crm:7", "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, MANUAL, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7",
    ),
    "S12: a deleted record leaves no link": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, MANUAL, MATCH, crm:7\nG2, AUTO, POSSIBLE_MATCH, crm:7",
        "crm:7 deleted:", "G1, AUTO, MATCH, erp:1",
    ),
}  # fmt: skip
