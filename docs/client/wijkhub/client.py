from typing import Any

from .base_client import BaseClient
from .deliver import Deliver
from .input_types import Delivery, SignalRow
from .oosterheem import Oosterheem


def gql(q: str) -> str:
    return q


class WijkHub(BaseClient):
    def oosterheem(self, wijk: str, **kwargs: Any) -> Oosterheem:
        query = gql("""
            query Oosterheem($wijk: String!) {
              wijk(code: $wijk) {
                name
                signals(first: 5) {
                  total
                  nodes {
                    ...SignalLine
                  }
                }
                sources {
                  organisation {
                    name
                  }
                  dataset
                  late
                  silent
                }
              }
            }

            fragment SignalLine on Signal {
              id
              owner {
                name
              }
              category
              seenOn
              status
              summary
              place {
                label
              }
              hidden
            }
            """)
        variables: dict[str, object] = {"wijk": wijk}
        response = self.execute(
            query=query, operation_name="Oosterheem", variables=variables, **kwargs
        )
        data = self.get_data(response)
        return Oosterheem.model_validate(data)

    def deliver(
        self, delivery: Delivery, rows: list[SignalRow], **kwargs: Any
    ) -> Deliver:
        query = gql("""
            mutation Deliver($delivery: Delivery!, $rows: [SignalRow!]!) {
              pushSignals(input: {delivery: $delivery, rows: $rows}) {
                id
                dryRun
                replayed
                summary {
                  outcome
                  rows
                }
                rows(outcome: [REJECTED]) {
                  nodes {
                    line
                    externalId
                    errors {
                      path
                      code
                      message
                      hint
                    }
                  }
                }
                errors {
                  code
                  message
                  hint
                }
              }
            }
            """)
        variables: dict[str, object] = {"delivery": delivery, "rows": rows}
        response = self.execute(
            query=query, operation_name="Deliver", variables=variables, **kwargs
        )
        data = self.get_data(response)
        return Deliver.model_validate(data)
