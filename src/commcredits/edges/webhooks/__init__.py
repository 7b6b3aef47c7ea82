"""Webhooks out: notices as signed HTTP messages (Standard Webhooks) to an organization's own endpoints."""
