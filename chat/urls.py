from __future__ import annotations

from django.urls import path

from chat import views

urlpatterns = [
    path("", views.new_conversation, name="new_conversation"),
    path("c/<uuid:conversation_id>", views.conversation, name="conversation"),
    path(
        "c/<uuid:conversation_id>/down-to/<uuid:reply_id>",
        views.earlier_turns,
        name="earlier_turns",
    ),
    path("c/<uuid:conversation_id>/rename", views.rename, name="rename_conversation"),
    path("c/<uuid:conversation_id>/delete", views.delete, name="delete_conversation"),
    path("c/<uuid:conversation_id>/restore", views.restore, name="restore_conversation"),
    path("c/<uuid:conversation_id>/model", views.choose_model, name="choose_model"),
    path("replies/<uuid:reply_id>/receipt", views.receipt, name="receipt"),
    path("replies/<uuid:reply_id>/verdict", views.verdict, name="verdict"),
    path("replies/<uuid:reply_id>/pin", views.pin_model, name="pin_model"),
    path("c/<uuid:conversation_id>/unpin", views.unpin_model, name="unpin_model"),
    path("replies/<uuid:reply_id>/show", views.show_reply, name="show_reply"),
    path("messages/<uuid:message_id>/show", views.show_message, name="show_message"),
    path("preview", views.preview_pick, name="preview"),
    path("sidebar", views.more_conversations, name="sidebar"),
]
