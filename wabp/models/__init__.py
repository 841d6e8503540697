"""The tables. Import them from here; `Base.metadata` then knows them all."""

from wabp.models.alerts import Alert, AlertText, Finding, Report
from wabp.models.audit import AuditEvent
from wabp.models.base import Base, new_id, seal, unseal, vault_of
from wabp.models.groups import Group, GroupStreet, Membership
from wabp.models.people import Account, Address, Consent, Person, SignIn
from wabp.models.places import District, Street, Zone
from wabp.models.simulated import SimulatedMessage
from wabp.models.traffic import Delivery, InboundMessage, Template

__all__ = [
    "Account",
    "Address",
    "Alert",
    "AlertText",
    "AuditEvent",
    "Base",
    "Consent",
    "Delivery",
    "District",
    "Finding",
    "Group",
    "GroupStreet",
    "InboundMessage",
    "Membership",
    "Person",
    "Report",
    "SignIn",
    "SimulatedMessage",
    "Street",
    "Template",
    "Zone",
    "new_id",
    "seal",
    "unseal",
    "vault_of",
]
