# SPDX-License-Identifier: EUPL-1.2
"""What is done: batch resolvers and loaders for reading, writes, agreements, imports. No GraphQL
and no HTTP here.
"""
