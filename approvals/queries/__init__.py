"""Reads, and what reading needs: envelope (bytes and digests), standing (the facts of a
ruling), access (who sees and decides), tokens, actions (for agents), inbox and card (for
people). QuerySets never leave; pages get frozen dataclasses.
"""
