"""Mutation testing of the layer handlers: do their tests notice when the code is wrong?"""
