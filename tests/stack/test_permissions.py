"""What the stack permits: all that the function's calls need, where they need it, and not one permission more."""

import json
from typing import Any

import pytest

from handlers.core.model import Kind
from handlers.core.settings import REGION_KEY, Settings
from tests.stack.evaluation import (
    AWAY,
    COMPARTMENT,
    FAR,
    HOME,
    KEYS,
    PRODUCTION,
    TENANCY,
    Stack,
    evaluate,
    ocid_of,
    path,
)
from tests.stack.operations import operations
from tests.stack.statements import Request, Statement, permitted

KEY = "ocid1.key.oc1.phx.vault.one"
FUNCTION = "dynamic-group cross-region-backup"
MEMBERS = ("VOLUME_BACKUP", "BOOT_VOLUME_BACKUP")
PREFIX = {
    Kind.VOLUME_GROUP: "VOLUME_GROUP_BACKUP",
    Kind.VOLUME: "VOLUME_BACKUP",
    Kind.BOOT_VOLUME: "BOOT_VOLUME_BACKUP",
}


def needs_of(kind: Kind) -> dict[str, set[str]]:
    """Each call about this kind of backup, with what it needs in the region that is asked.

    https://docs.oracle.com/iaas/Content/Identity/Reference/corepolicyreference.htm. For copies of groups, of which it
    does not speak, it is what their creation and the copies of their members need.
    """
    prefix, is_group = PREFIX[kind], kind is Kind.VOLUME_GROUP
    members = MEMBERS if is_group else (prefix,)
    source = "VOLUME_GROUP_INSPECT" if is_group else "VOLUME_INSPECT"
    look = {f"{prefix}_INSPECT"} | (set() if is_group else {"VOLUME_INSPECT"})
    change = set() if is_group else {"VOLUME_INSPECT"}
    return {
        f"List{kind}s": {source},
        f"Get{kind}": {source},
        f"List{kind}Backups": look,
        f"Get{kind}Backup": look,
        f"Create{kind}Backup": {f"{prefix}_CREATE", "VOLUME_WRITE"}
        | ({source, *(f"{each}_CREATE" for each in members)} if is_group else set()),
        f"Update{kind}Backup": {f"{prefix}_UPDATE"} | change,
        f"Delete{kind}Backup": {f"{prefix}_DELETE"} | change | {f"{each}_DELETE" for each in members},
        f"Copy{kind}Backup": {f"{each}_{right}" for each in members for right in ("READ", "COPY")}
        | ({f"{prefix}_INSPECT"} if is_group else set()),
    }


NEEDS: dict[str, set[str]] = {name: needs for kind in Kind for name, needs in needs_of(kind).items()}
# What the function asks of the topic and of Monitoring is asked in its own compartment and region.
NEEDS_AT_HOME = {
    "GetTopic": {"ONS_TOPIC_READ"},
    "PublishMessage": {"ONS_TOPIC_PUBLISH"},
    "UpdateTopic": {"ONS_TOPIC_UPDATE"},
    "PostMetricData": {"METRIC_WRITE"},
    "ListRegionSubscriptions": {"TENANCY_INSPECT"},
}
# What it asks to call itself for a part of a sweep: https://docs.oracle.com/iaas/Content/Identity/Reference/functionspolicyreference.htm
NEEDS_TO_DIVIDE = {"GetFunction": {"FN_FUNCTION_READ"}, "InvokeFunction": {"FN_INVOCATION"}}
# What a copy needs in the region that it goes to, beside what it needs where it comes from.
NEEDS_THERE = {
    f"Copy{kind}Backup": {f"{PREFIX[kind]}_CREATE"}
    | ({f"{each}_CREATE" for each in MEMBERS} if kind is Kind.VOLUME_GROUP else set())
    for kind in Kind
}
# A copy with a key of one's own: https://docs.oracle.com/iaas/Content/Identity/Reference/keypolicyreference.htm
NEEDS_FOR_A_KEY = {"KEY_ASSOCIATE"}
BLOCK_VOLUME_NEEDS_FOR_A_KEY = {"KEY_READ", "KEY_ENCRYPT", "KEY_DECRYPT"}
# A request with defined tags: https://docs.oracle.com/iaas/Content/Identity/Reference/iampolicyreference.htm
NEEDS_FOR_DEFINED_TAGS = {"TAG_NAMESPACE_USE"}
# A schedule finds the function, and calls it.
A_SCHEDULE_NEEDS = {"FN_FUNCTION_READ", "FN_INVOCATION"}

TO_DELETE = {name for name in NEEDS if name.startswith("Delete")}
TO_LOOK = {name for name in NEEDS if name.startswith(("List", "Get"))}
TO_TAG = {name for name in NEEDS if name.startswith("Update")}
TO_COPY = {name for name in NEEDS if name.startswith("Copy")}
TO_MAKE = {name for name in NEEDS if name.startswith(("Create", "Copy"))}
EVERYTHING: dict[str, Any] = {
    "enabled": True,
    "fan_out": True,
    "allow_deletion": True,
    "prune_cron": "0 * * * *",
    "compartment_ids": [PRODUCTION, "ocid1.compartment.oc1..staging"],
    "destination_regions": [AWAY, FAR],
    "kms_key_ids": {AWAY: KEY, FAR: ""},
    "notice_emails": ["operator@example.com"],
    "tag_namespaces": ["Operations"],
}
# A second function in the destination region, which looks at the first one's sources.
THERE: dict[str, Any] = {
    "name": "backups-in-phoenix",
    "region": AWAY,
    "source_region": HOME,
    "destination_regions": [AWAY],
    "sweep_cron": "never",
    "create_cron": "never",
}


def statements(stack: Stack) -> list[Statement]:
    """Those of all policies that are made."""
    return [Statement.parse(text) for each in stack.all("oci_identity_policy") for text in each["statements"]]


def asking(region: str, **more: str) -> Request:
    """What OCI knows of a request to this region."""
    return {"request.region": KEYS[region].lower(), "target.metrics.namespace": "backup_copy", **more}


def given(stack: Stack, region: str, compartment: str = PRODUCTION, subject: str = FUNCTION, **more: str) -> set[str]:
    """All that a subject may do in a region and compartment."""
    return permitted(statements(stack), subject, compartment, asking(region, **more))


def wanting(names: set[str]) -> set[str]:
    """What these calls need, less what they need elsewhere."""
    return {permission for name in names for permission in NEEDS[name]}


@pytest.fixture(scope="module")
def everything() -> Stack:
    return evaluate(**EVERYTHING)


@pytest.fixture(scope="module")
def least() -> Stack:
    return evaluate()


@pytest.fixture(scope="module")
def there() -> Stack:
    return evaluate(**THERE)


def test_the_table_has_every_operation_that_the_function_asks_for() -> None:
    """And none that it does not: who adds a call decides here what it may need."""
    assert operations() == NEEDS.keys() | NEEDS_AT_HOME.keys() | NEEDS_TO_DIVIDE.keys()


@pytest.mark.parametrize("compartment", EVERYTHING["compartment_ids"])
@pytest.mark.parametrize("name", sorted(NEEDS))
def test_a_call_is_permitted_in_the_source_region(everything: Stack, name: str, compartment: str) -> None:
    """In each compartment that is looked after."""
    assert NEEDS[name] <= given(everything, HOME, compartment)


@pytest.mark.parametrize("region", EVERYTHING["destination_regions"])
@pytest.mark.parametrize("name", sorted(NEEDS_THERE))
def test_a_copy_is_permitted_where_it_goes(everything: Stack, name: str, region: str) -> None:
    """Whichever of the two regions Oracle takes for the request's."""
    assert NEEDS_THERE[name] <= given(everything, region)
    assert NEEDS_THERE[name] <= given(everything, HOME)


@pytest.mark.parametrize("region", EVERYTHING["destination_regions"])
@pytest.mark.parametrize("name", sorted(TO_LOOK | TO_TAG | TO_DELETE))
def test_copies_are_looked_after_where_they_are(everything: Stack, name: str, region: str) -> None:
    """Looked at, tagged, deleted."""
    assert NEEDS[name] <= given(everything, region)


@pytest.mark.parametrize("name", sorted(NEEDS_AT_HOME))
def test_telling_is_permitted_where_the_function_is(least: Stack, name: str) -> None:
    """And nowhere else, but for the tenancy's regions, which are the tenancy's."""
    assert NEEDS_AT_HOME[name] <= given(least, HOME, COMPARTMENT)
    elsewhere = given(least, HOME, PRODUCTION) | given(least, AWAY, COMPARTMENT)
    assert NEEDS_AT_HOME[name] & elsewhere == ({"TENANCY_INSPECT"} if name == "ListRegionSubscriptions" else set())


def test_nothing_is_permitted_that_no_call_needs(everything: Stack) -> None:
    """Of whatever is switched on."""
    elsewhere = NEEDS_AT_HOME | NEEDS_THERE | NEEDS_TO_DIVIDE
    needed = wanting(set(NEEDS)) | {each for needs in elsewhere.values() for each in needs}

    assert {each for one in statements(everything) if one.subject == FUNCTION for each in one.permissions} == (
        needed | NEEDS_FOR_A_KEY | NEEDS_FOR_DEFINED_TAGS
    )


def test_with_the_least_nothing_is_permitted_that_no_call_needs(least: Stack) -> None:
    """Neither a deletion, nor a key, nor a defined tag."""
    needed = wanting(TO_LOOK | TO_TAG | TO_MAKE) | {each for needs in NEEDS_THERE.values() for each in needs}

    assert given(least, HOME) == needed | {"TENANCY_INSPECT"}


def test_copies_are_all_that_comes_into_being_elsewhere(least: Stack) -> None:
    """Volumes there are neither backed up, nor are their backups copied on."""
    created = {each for needs in NEEDS_THERE.values() for each in needs}

    assert given(least, AWAY) == wanting(TO_LOOK | TO_TAG) | created | {"TENANCY_INSPECT"}


@pytest.mark.parametrize("settings", [{}, {"policy": '{"defaults": {"keep": "30d"}}', "max_deletes": 9}, THERE])
def test_no_deletion_is_permitted_unless_allowed(settings: dict[str, Any]) -> None:
    """Whatever else is set, to whom ever, anywhere."""
    found = {each for one in statements(evaluate(**settings)) for each in one.permissions}

    assert [each for each in found if "DELETE" in each] == []


def test_a_schedule_for_deletion_needs_that_it_is_allowed(everything: Stack) -> None:
    """Terraform says so before anything is made."""
    assert everything.holds()
    assert not evaluate(prune_cron="0 * * * *").holds()


@pytest.mark.parametrize("settings", [{}, EVERYTHING])
def test_regions_that_are_not_named_are_out_of_reach(settings: dict[str, Any]) -> None:
    """But that the tenancy's regions may be listed."""
    stack = evaluate(**settings)

    assert given(stack, "uk-london-1") == {"TENANCY_INSPECT"}
    assert given(stack, "uk-london-1", COMPARTMENT) == {"TENANCY_INSPECT"}


@pytest.mark.parametrize("region", [HOME, AWAY])
def test_compartments_that_are_not_named_are_out_of_reach(everything: Stack, region: str) -> None:
    """And so is the root compartment itself."""
    for compartment in ("ocid1.compartment.oc1..another", TENANCY):
        assert given(everything, region, compartment) == {"TENANCY_INSPECT"}


def test_former_destinations_may_be_kept_within_reach() -> None:
    """As long as there are copies in them: `allowed_regions` names them."""
    stack = evaluate(allowed_regions=[AWAY, FAR])

    assert wanting(TO_LOOK | TO_TAG) <= given(stack, FAR)


@pytest.mark.parametrize(
    "policy",
    [
        {"defaults": {"destinations": AWAY}},
        {"defaults": {"destinations": {"region": AWAY}}},
        {"defaults": {"destinations": [AWAY, {"region": FAR, "kmsKeyId": None, "keep": "last 3"}]}},
        {
            "rules": [
                {"match": {"name": "a*"}, "destinations": [FAR]},
                {"match": {}, "destinations": [{"region": AWAY}]},
            ]
        },
        {"defaults": {"destinations": [AWAY]}, "rules": [{"match": {}, "destinations": []}]},
    ],
)
def test_destinations_of_the_policy_are_within_reach(policy: dict[str, Any]) -> None:
    """In each way that the function reads them; and no other region is."""
    stack = evaluate(destination_regions=[], policy=json.dumps(policy))
    settings = Settings.read({REGION_KEY: HOME, **stack.one("oci_functions_function")["config"]})
    assert settings.every_destination
    assert stack.holds()

    for region in KEYS.keys() - {HOME}:
        reached = given(stack, region)
        if region in settings.every_destination:
            assert wanting(TO_LOOK | TO_TAG) <= reached
        else:
            assert reached == {"TENANCY_INSPECT"}


def test_a_key_is_permitted_by_its_name(everything: Stack, least: Stack) -> None:
    """To the function, and to Block Volume, which encrypts; no other key is."""
    mine, others = {"target.key.id": KEY}, {"target.key.id": "ocid1.key.oc1.phx.vault.two"}

    for subject, needs in ((FUNCTION, NEEDS_FOR_A_KEY), ("service blockstorage", BLOCK_VOLUME_NEEDS_FOR_A_KEY)):
        assert needs <= given(everything, AWAY, "ocid1.compartment.oc1..keys", subject, **mine)
        assert not needs & given(everything, AWAY, "ocid1.compartment.oc1..keys", subject, **others)
        assert not needs & given(least, AWAY, "ocid1.compartment.oc1..keys", subject, **mine)


def test_a_key_of_the_policy_is_permitted_too() -> None:
    """A destination of a policy may name its own."""
    policy = f'{{"defaults": {{"destinations": [{{"region": "{AWAY}", "kmsKeyId": "{KEY}"}}]}}}}'

    assert given(evaluate(policy=policy), AWAY, **{"target.key.id": KEY}) >= NEEDS_FOR_A_KEY


def test_a_defined_tag_is_permitted_by_its_namespace(everything: Stack, least: Stack, there: Stack) -> None:
    """Wherever that is kept; no other namespace is, nor any where none is named or nothing is written."""
    mine, others = {"target.tag-namespace.name": "Operations"}, {"target.tag-namespace.name": "Finance"}

    assert given(everything, HOME, "ocid1.compartment.oc1..tags", **mine) >= NEEDS_FOR_DEFINED_TAGS
    assert not NEEDS_FOR_DEFINED_TAGS & given(everything, HOME, "ocid1.compartment.oc1..tags", **others)
    assert not NEEDS_FOR_DEFINED_TAGS & given(least, HOME, "ocid1.compartment.oc1..tags", **mine)
    watching = evaluate(**THERE, tag_namespaces=["Operations"])
    assert policies(watching) == policies(there)


@pytest.mark.parametrize("kind", list(Kind))
def test_copies_may_be_pinned_to_their_destinations(kind: Kind) -> None:
    """By the region that a request names, where Oracle tells policies of it; else no copy is permitted at all."""
    stack = evaluate(destination_regions=[AWAY], allowed_regions=[AWAY, FAR], pin_destinations=True)
    needs = NEEDS[f"Copy{kind}Backup"]

    for region in (AWAY, FAR):
        assert needs <= given(stack, HOME, **{"target.region": KEYS[region].lower()})
    for elsewhere in ({"target.region": "lhr"}, {"target.region": "iad"}, {}):
        assert not needs <= given(stack, HOME, **elsewhere)
    assert not needs <= given(stack, AWAY, **{"target.region": "phx"})


def test_all_but_copies_goes_on_where_they_are_pinned() -> None:
    """Other calls name no region that they go to."""
    stack = evaluate(**EVERYTHING, pin_destinations=True)

    assert stack.holds()
    assert wanting(NEEDS.keys() - TO_COPY) <= given(stack, HOME)
    assert wanting(TO_LOOK | TO_TAG | TO_DELETE) <= given(stack, AWAY)


def test_nobody_else_is_permitted_anything(everything: Stack) -> None:
    """But Block Volume, which uses the keys, and the schedules, which call the function."""
    others = {one.subject: set[str]() for one in statements(everything) if one.subject != FUNCTION}
    for one in statements(everything):
        if one.subject != FUNCTION:
            others[one.subject] |= one.permissions

    assert others == {"service blockstorage": BLOCK_VOLUME_NEEDS_FOR_A_KEY, "any-user": A_SCHEDULE_NEEDS}


def test_only_the_stacks_own_schedules_may_call_the_function(everything: Stack) -> None:
    """Of all users a schedule is one, this schedule; and it may call this function and no other."""
    (schedule,) = {ocid_of(each) for each in everything.all("oci_resource_scheduler_schedule")}
    function = ocid_of(everything.one("oci_functions_function"))
    request = {"request.principal.type": "resourceschedule", "target.function.id": function}

    mine = given(everything, HOME, COMPARTMENT, "any-user", **request, **{"request.principal.id": schedule})
    assert mine == A_SCHEDULE_NEEDS
    for changed in (
        {"request.principal.id": "ocid1.resourceschedule.oc1.iad.another"},
        {"request.principal.id": schedule, "request.principal.type": "user"},
    ):
        assert given(everything, HOME, COMPARTMENT, "any-user", **{**request, **changed}) == set()
    another = {**request, "request.principal.id": schedule, "target.function.id": "ocid1.fnfunc.oc1.iad.another"}
    assert "FN_INVOCATION" not in given(everything, HOME, COMPARTMENT, "any-user", **another)


def test_the_function_may_call_itself_only_to_divide_sweeps(everything: Stack, least: Stack) -> None:
    """Itself and no other, in its own region; without `fan_out` not even that."""
    to_divide = {each for needs in NEEDS_TO_DIVIDE.values() for each in needs}
    itself = {"target.function.id": ocid_of(everything.one("oci_functions_function"))}

    assert to_divide <= given(everything, HOME, COMPARTMENT, **itself)
    assert not to_divide & given(least, HOME, COMPARTMENT, **itself)
    assert not to_divide & given(everything, AWAY, COMPARTMENT, **itself)
    assert not to_divide & given(everything, HOME, PRODUCTION, **itself)
    another = {"target.function.id": "ocid1.fnfunc.oc1.iad.another"}
    assert "FN_INVOCATION" not in given(everything, HOME, COMPARTMENT, **another)


def test_metrics_go_to_the_functions_own_namespace(least: Stack) -> None:
    """Those of others cannot be forged; and where no metrics are wanted, none can be written."""
    assert "METRIC_WRITE" not in given(least, HOME, COMPARTMENT, **{"target.metrics.namespace": "oci_faas"})
    assert "METRIC_WRITE" not in given(evaluate(metrics="OFF"), HOME, COMPARTMENT)


def test_in_a_destination_region_the_function_looks_and_tells(there: Stack) -> None:
    """In both regions; it makes nothing, changes nothing and deletes nothing there."""
    subject = f"dynamic-group {THERE['name']}"

    for region in (HOME, AWAY):
        assert given(there, region, subject=subject) == wanting(TO_LOOK) | {"TENANCY_INSPECT"}
    told = {each for needs in NEEDS_AT_HOME.values() for each in needs}
    assert given(there, AWAY, COMPARTMENT, subject) == told
    assert given(there, HOME, COMPARTMENT, subject) == {"TENANCY_INSPECT"}


def test_in_a_destination_region_the_function_may_prune() -> None:
    """Where deletion is allowed: it marks what it deletes, and does both in both regions."""
    stack = evaluate(**THERE, allow_deletion=True, prune_cron="0 * * * *")

    for region in (HOME, AWAY):
        found = given(stack, region, subject=f"dynamic-group {THERE['name']}")
        assert found == wanting(TO_LOOK | TO_TAG | TO_DELETE) | {"TENANCY_INSPECT"}


def test_the_statements_speak_of_the_function_and_nothing_else(everything: Stack, there: Stack) -> None:
    """The dynamic group holds this one function; a second stack in the tenancy has a group of its own name."""
    for stack in (everything, there):
        group = stack.one("oci_identity_dynamic_group")
        function = ocid_of(stack.one("oci_functions_function"))
        assert group["matching_rule"] == f"ALL {{resource.type = 'fnfunc', resource.id = '{function}'}}"
        groups = {one.subject for one in statements(stack) if one.subject.startswith("dynamic-group")}
        assert groups == {f"dynamic-group {group['name']}"}

    assert everything.one("oci_identity_dynamic_group")["name"] != there.one("oci_identity_dynamic_group")["name"]
    assert not policies(everything) & policies(there)


def policies(stack: Stack) -> set[str]:
    return {str(each["name"]) for each in stack.all("oci_identity_policy")}


def test_permissions_are_made_in_the_home_region(everything: Stack, there: Stack) -> None:
    """Where alone they can be: by the provider of that name."""
    for stack in (everything, there):
        made = [*stack.all("oci_identity_policy"), *stack.all("oci_identity_dynamic_group")]
        assert {each["provider"]["__name__"] for each in made} == {"home"}
        assert {each["compartment_id"] for each in made} == {TENANCY}
        (home,) = (each for each in stack.all("provider") if each.get("alias") == "home")
        assert home["region"] == HOME


def test_the_provider_for_the_home_region_has_a_region_in_any_case() -> None:
    """Where nothing is made in it nobody looks for it either: then it is the function's own."""
    stack = evaluate(region=AWAY, source_region=HOME, create_iam=False)

    assert stack.all("oci_identity_region_subscriptions") == []
    (home,) = (each for each in stack.all("provider") if each.get("alias") == "home")
    assert home["region"] == AWAY


def test_a_policy_waits_for_the_group_that_it_names(everything: Stack) -> None:
    """A policy of a group that is not there is refused."""
    for each in everything.all("oci_identity_policy"):
        ((group,),) = each["depends_on"]
        assert group["matching_rule"] == everything.one("oci_identity_dynamic_group")["matching_rule"]


def test_an_operator_without_rights_hands_the_statements_to_an_administrator(least: Stack) -> None:
    """Nothing of it is made then; the output has what would be."""
    without = evaluate(create_iam=False)

    assert [path(each) for each in without.resources() if path(each).startswith("oci_identity_")] == []
    assert without.named("output")["policy_statements"]["value"] == least.named("output")["policy_statements"]["value"]
    assert sorted(map(str, statements(least))) == sorted(
        str(Statement.parse(text)) for text in without.named("output")["policy_statements"]["value"]
    )


def test_a_policy_holds_no_more_statements_than_oci_takes() -> None:
    """Fifty: with as many compartments as a configuration of 4 KB can name, it is checked before anything is made."""
    many = [f"ocid1.compartment.oc1..{'a' * 58}{number:02}" for number in range(40)]
    stack = evaluate(compartment_ids=many)

    assert stack.holds()
    assert max(len(each["statements"]) for each in stack.all("oci_identity_policy")) <= 50
    assert not evaluate(compartment_ids=[*many, *(f"{each[:-2]}b{each[-1]}" for each in many[:10])]).holds()
