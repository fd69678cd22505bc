"""Sends WhatsApp campaigns through provider APIs: paced, guarded, each message once."""
