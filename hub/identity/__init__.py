# SPDX-License-Identifier: EUPL-1.2
"""Ways to log in. Each is an adapter from a request's headers to one principal; authorisation never
sees a token.
"""
