"""The tables. Import them from here; `Base.metadata` then knows them all."""

from wabp.models.alerts import Alert, AlertText, Finding, Report
from wabp.models.audit import AuditEvent
from wabp.models.base import Base, new_id, seal, unseal, vault_of
from wabp.models.founding import (
    Application,
    ApplicationVersion,
    Appointment,
    CharterSignature,
    ReverseCode,
    Review,
)
from wabp.models.groups import Group, GroupStreet, Membership, Reply, Sanction
from wabp.models.joining import Joining
from wabp.models.people import Account, Address, Attempt, Consent, Person, SignIn, SignInCode
from wabp.models.places import District, Street, Zone
from wabp.models.simulated import SimulatedMessage
from wabp.models.traffic import Delivery, InboundMessage, Lane, Lease, Template

__all__ = [
    "Account",
    "Address",
    "Alert",
    "AlertText",
    "Application",
    "ApplicationVersion",
    "Appointment",
    "Attempt",
    "AuditEvent",
    "Base",
    "CharterSignature",
    "Consent",
    "Delivery",
    "District",
    "Finding",
    "Group",
    "GroupStreet",
    "InboundMessage",
    "Joining",
    "Lane",
    "Lease",
    "Membership",
    "Person",
    "Reply",
    "Report",
    "ReverseCode",
    "Review",
    "Sanction",
    "SignIn",
    "SignInCode",
    "SimulatedMessage",
    "Street",
    "Template",
    "Zone",
    "new_id",
    "seal",
    "unseal",
    "vault_of",
]
