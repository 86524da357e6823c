"""billing_budget: the spending of a billing account passed a threshold of a budget."""

from dataclasses import dataclass
from enum import StrEnum

from tocsin.sources.kinds.definition import Kind, Metadata, Mismatches, dumps, equal, messages_frame


@dataclass(frozen=True, slots=True)
class BillingBudgetSource:
    """Matches budgets of a billing account that passed a threshold."""

    billing_account_id: str
    budget_id: str = ""


class ThresholdType(StrEnum):
    AMOUNT = "amount"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class BudgetEvent:
    """Holds a passed threshold; amounts are in the currency, `period` is a year or a month."""

    billing_account_id: str
    budget_id: str
    budget_display_name: str
    amount: float
    currency: str
    period: str
    budgeted_amount: float
    threshold_amount: float
    threshold_type: ThresholdType


def mismatches(source: BillingBudgetSource, event: BudgetEvent) -> Mismatches:
    yield from equal("billing_account_id", source.billing_account_id, event.billing_account_id)
    yield from equal("budget_id", source.budget_id, event.budget_id)


def element(event: BudgetEvent, _: Metadata) -> str:
    """Returns the event alone: budgets have no metadata around it."""
    return dumps(
        {
            "billing_account_id": event.billing_account_id,
            "budget_id": event.budget_id,
            "budget_display_name": event.budget_display_name,
            "amount": event.amount,
            "currency": event.currency,
            "period": event.period,
            "budgeted_amount": event.budgeted_amount,
            "threshold_amount": event.threshold_amount,
            "threshold_type": event.threshold_type.value,
        }
    )


KIND = Kind(
    name="billing_budget",
    source=BillingBudgetSource,
    event=BudgetEvent,
    keys_of_source=lambda source: (source.billing_account_id,),
    keys_of_event=lambda event: (event.billing_account_id,),
    mismatches=mismatches,
    element=element,
    payload=messages_frame,
)
