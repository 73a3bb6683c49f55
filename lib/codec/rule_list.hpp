// Every rule that mqtk checks, one row each: name, class, Reason Code to answer with, statements of 5.0, statements of
// 3.1.1 (several are separated by a space; the first is the one reported), what is wrong in one line.
//
// First the rules that one packet's bytes show (codec), then those that need the connection's state (flow).
// A row whose statements are empty stands for a rule that the specification states without a number.
#pragma once

// clang-format off
#define MQTK_CODEC_RULES(X) \
  /* framing */ \
  X(remaining_length_too_long, malformed_packet, malformed_packet, "", "", "Remaining Length takes more than four bytes") \
  X(integer_not_shortest, malformed_packet, malformed_packet, "MQTT-1.5.5-1", "", "a Variable Byte Integer is not in its shortest form") \
  X(integer_too_long, malformed_packet, malformed_packet, "", "", "a Variable Byte Integer takes more than four bytes") \
  X(packet_type_reserved, malformed_packet, malformed_packet, "", "", "the packet type is reserved") \
  X(wrong_direction, protocol_error, protocol_error, "", "", "this side must not send this packet") \
  X(flags_reserved, malformed_packet, malformed_packet, "MQTT-2.1.3-1", "MQTT-2.2.2-1 MQTT-2.2.2-2", "the flags of the fixed header are not the value reserved for this packet") \
  X(pubrel_flags, malformed_packet, malformed_packet, "MQTT-3.6.1-1 MQTT-2.1.3-1", "MQTT-3.6.1-1 MQTT-2.2.2-1", "the flags of PUBREL are not 0010") \
  X(subscribe_flags, malformed_packet, malformed_packet, "MQTT-3.8.1-1 MQTT-2.1.3-1", "MQTT-3.8.1-1 MQTT-2.2.2-1", "the flags of SUBSCRIBE are not 0010") \
  X(unsubscribe_flags, malformed_packet, malformed_packet, "MQTT-3.10.1-1 MQTT-2.1.3-1", "MQTT-3.10.1-1 MQTT-2.2.2-1", "the flags of UNSUBSCRIBE are not 0010") \
  X(disconnect_flags, malformed_packet, malformed_packet, "MQTT-3.14.1-1 MQTT-2.1.3-1", "MQTT-3.14.1-1 MQTT-2.2.2-1", "the flags of DISCONNECT are not 0000") \
  X(auth_flags, malformed_packet, malformed_packet, "MQTT-3.15.1-1 MQTT-2.1.3-1", "", "the flags of AUTH are not 0000") \
  X(packet_too_short, malformed_packet, malformed_packet, "", "", "the packet ends inside a field") \
  X(packet_too_long, malformed_packet, malformed_packet, "", "", "bytes are left over behind the last field") \
  /* strings and identifiers */ \
  X(string_not_utf8, malformed_packet, malformed_packet, "MQTT-1.5.4-1", "MQTT-1.5.3-1", "a string is not well-formed UTF-8") \
  X(string_has_null, malformed_packet, malformed_packet, "MQTT-1.5.4-2", "MQTT-1.5.3-2", "a string has the character U+0000") \
  X(string_pair_not_utf8, malformed_packet, malformed_packet, "MQTT-1.5.7-1 MQTT-1.5.4-1", "", "name or value of a User Property is not a valid UTF-8 string") \
  X(client_packet_identifier_zero, protocol_error, protocol_error, "MQTT-2.2.1-3", "MQTT-2.3.1-1", "the Packet Identifier is 0") \
  X(server_packet_identifier_zero, protocol_error, protocol_error, "MQTT-2.2.1-4", "MQTT-2.3.1-1", "the Packet Identifier of a server's PUBLISH is 0") \
  X(acknowledged_identifier_zero, protocol_error, protocol_error, "", "", "an acknowledgement is for Packet Identifier 0") \
  /* properties */ \
  X(property_length_missing, malformed_packet, malformed_packet, "MQTT-2.2.2-1", "", "the packet ends where the Property Length must be") \
  X(property_length_too_long, malformed_packet, malformed_packet, "", "", "the Property Length reaches beyond the packet") \
  X(property_unknown, malformed_packet, malformed_packet, "", "", "a property identifier is not defined") \
  X(property_not_allowed, malformed_packet, malformed_packet, "", "", "the property is not allowed in this packet") \
  X(property_truncated, malformed_packet, malformed_packet, "", "", "a property reaches beyond the Property Length") \
  X(property_repeated, protocol_error, protocol_error, "", "", "the property occurs more than once") \
  X(property_not_zero_or_one, protocol_error, protocol_error, "", "", "the property's value is neither 0 nor 1") \
  X(receive_maximum_zero, protocol_error, protocol_error, "", "", "Receive Maximum is 0") \
  X(maximum_packet_size_zero, protocol_error, protocol_error, "", "", "Maximum Packet Size is 0") \
  X(topic_alias_zero, protocol_error, topic_alias_invalid, "MQTT-3.3.2-8", "", "Topic Alias is 0") \
  X(subscription_identifier_zero, protocol_error, protocol_error, "", "", "Subscription Identifier is 0") \
  X(authentication_data_without_method, protocol_error, protocol_error, "", "", "Authentication Data comes without Authentication Method") \
  X(response_topic_not_utf8, malformed_packet, malformed_packet, "MQTT-3.3.2-13 MQTT-1.5.4-1", "", "the Response Topic is not a valid UTF-8 string") \
  X(response_topic_has_wildcard, protocol_error, protocol_error, "MQTT-3.3.2-14", "", "the Response Topic has a wildcard") \
  X(content_type_not_utf8, malformed_packet, malformed_packet, "MQTT-3.3.2-19 MQTT-1.5.4-1", "", "the Content Type is not a valid UTF-8 string") \
  X(payload_not_utf8, advice, payload_format_invalid, "", "", "the Payload Format Indicator says UTF-8, but the payload is not") \
  /* CONNECT */ \
  X(protocol_name_wrong, protocol_error, unsupported_protocol_version, "MQTT-3.1.2-1", "MQTT-3.1.2-1", "the Protocol Name is not MQTT") \
  X(protocol_version_unsupported, protocol_error, unsupported_protocol_version, "MQTT-3.1.2-2", "MQTT-3.1.2-2", "the Protocol Version is none of 3, 4 and 5") \
  X(connect_flag_reserved, malformed_packet, malformed_packet, "MQTT-3.1.2-3", "MQTT-3.1.2-3", "bit 0 of the Connect Flags is set") \
  X(will_qos_reserved, malformed_packet, malformed_packet, "MQTT-3.1.2-12", "MQTT-3.1.2-14", "the Will QoS is 3") \
  X(will_qos_without_will, malformed_packet, malformed_packet, "MQTT-3.1.2-11", "MQTT-3.1.2-13 MQTT-3.1.2-11", "the Will QoS is not 0 although the Will Flag is 0") \
  X(will_retain_without_will, malformed_packet, malformed_packet, "MQTT-3.1.2-13", "MQTT-3.1.2-15 MQTT-3.1.2-11", "Will Retain is 1 although the Will Flag is 0") \
  X(password_without_user_name, malformed_packet, malformed_packet, "", "MQTT-3.1.2-22", "the Password Flag is 1 although the User Name Flag is 0") \
  X(client_identifier_missing, malformed_packet, malformed_packet, "MQTT-3.1.3-3", "MQTT-3.1.3-3", "the packet ends where the Client Identifier must be") \
  X(client_identifier_not_utf8, malformed_packet, malformed_packet, "MQTT-3.1.3-4 MQTT-1.5.4-1", "MQTT-3.1.3-4 MQTT-1.5.3-1", "the Client Identifier is not a valid UTF-8 string") \
  X(client_identifier_rejected, protocol_error, client_identifier_not_valid, "", "MQTT-3.1.3-7 MQTT-3.1.3-8", "this version does not allow an empty Client Identifier here") \
  X(client_identifier_too_long, protocol_error, client_identifier_not_valid, "", "", "MQTT 3.1 allows 23 characters in a Client Identifier") \
  X(will_missing, malformed_packet, malformed_packet, "MQTT-3.1.2-9", "MQTT-3.1.2-9", "the Will Flag is 1, but the packet ends before the Will fields") \
  X(will_topic_not_utf8, malformed_packet, malformed_packet, "MQTT-3.1.3-11 MQTT-1.5.4-1", "MQTT-3.1.3-10 MQTT-1.5.3-1", "the Will Topic is not a valid UTF-8 string") \
  X(user_name_missing, malformed_packet, malformed_packet, "MQTT-3.1.2-17", "MQTT-3.1.2-19", "the User Name Flag is 1, but the packet ends before the User Name") \
  X(user_name_not_utf8, malformed_packet, malformed_packet, "MQTT-3.1.3-12 MQTT-1.5.4-1", "MQTT-3.1.3-11 MQTT-1.5.3-1", "the User Name is not a valid UTF-8 string") \
  X(password_missing, malformed_packet, malformed_packet, "MQTT-3.1.2-19", "MQTT-3.1.2-21", "the Password Flag is 1, but the packet ends before the Password") \
  X(connect_too_long, malformed_packet, malformed_packet, "MQTT-3.1.2-16 MQTT-3.1.2-18 MQTT-3.1.3-1", "MQTT-3.1.2-18 MQTT-3.1.2-20 MQTT-3.1.3-1", "CONNECT has bytes behind the fields that its flags announce") \
  /* CONNACK */ \
  X(connack_flags_reserved, malformed_packet, malformed_packet, "MQTT-3.2.2-1", "", "bits 7 to 1 of the Connect Acknowledge Flags are not 0") \
  X(session_present_on_refusal, protocol_error, protocol_error, "MQTT-3.2.2-6", "MQTT-3.2.2-4", "Session Present is 1 although the connection is refused") \
  X(connack_reason_code, protocol_error, protocol_error, "MQTT-3.2.2-8", "", "the code is not one defined for CONNACK") \
  /* PUBLISH */ \
  X(qos_reserved, malformed_packet, malformed_packet, "MQTT-3.3.1-4", "MQTT-3.3.1-4", "both QoS bits are set") \
  X(dup_without_qos, malformed_packet, malformed_packet, "MQTT-3.3.1-2 MQTT-4.3.1-1", "MQTT-3.3.1-2 MQTT-4.3.1-1", "DUP is 1 at QoS 0") \
  X(topic_name_not_utf8, malformed_packet, malformed_packet, "MQTT-3.3.2-1 MQTT-1.5.4-1", "MQTT-3.3.2-1 MQTT-1.5.3-1", "the Topic Name is not a valid UTF-8 string") \
  X(topic_has_null, malformed_packet, malformed_packet, "MQTT-4.7.3-2 MQTT-1.5.4-2", "MQTT-4.7.3-2 MQTT-1.5.3-2", "a topic has the character U+0000") \
  X(topic_name_empty, protocol_error, protocol_error, "MQTT-4.7.3-1", "MQTT-4.7.3-1", "the Topic Name is empty") \
  X(topic_name_has_wildcard, protocol_error, protocol_error, "MQTT-3.3.2-2 MQTT-4.7.0-1", "MQTT-3.3.2-2 MQTT-4.7.1-1", "the Topic Name has a wildcard") \
  X(subscription_identifier_from_client, protocol_error, protocol_error, "MQTT-3.3.4-6", "", "a client's PUBLISH has a Subscription Identifier") \
  /* acknowledgements */ \
  X(puback_reason_code, protocol_error, protocol_error, "MQTT-3.4.2-1", "", "the code is not one defined for PUBACK") \
  X(pubrec_reason_code, protocol_error, protocol_error, "MQTT-3.5.2-1", "", "the code is not one defined for PUBREC") \
  X(pubrel_reason_code, protocol_error, protocol_error, "MQTT-3.6.2-1", "", "the code is not one defined for PUBREL") \
  X(pubcomp_reason_code, protocol_error, protocol_error, "MQTT-3.7.2-1", "", "the code is not one defined for PUBCOMP") \
  /* SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK */ \
  X(subscribe_filter_not_utf8, malformed_packet, malformed_packet, "MQTT-3.8.3-1 MQTT-1.5.4-1", "MQTT-3.8.3-1 MQTT-1.5.3-1", "a Topic Filter of SUBSCRIBE is not a valid UTF-8 string") \
  X(subscribe_without_filter, protocol_error, protocol_error, "MQTT-3.8.3-2", "MQTT-3.8.3-3", "SUBSCRIBE has no Topic Filter") \
  X(subscription_options_reserved, malformed_packet, malformed_packet, "MQTT-3.8.3-5", "MQTT-3.8.3-4", "reserved bits of the Subscription Options are set") \
  X(subscription_qos_reserved, protocol_error, protocol_error, "", "MQTT-3.8.3-4", "the QoS of a subscription is 3") \
  X(retain_handling_reserved, protocol_error, protocol_error, "", "", "Retain Handling is 3") \
  X(no_local_on_shared, protocol_error, protocol_error, "MQTT-3.8.3-4", "", "No Local is 1 on a Shared Subscription") \
  X(topic_filter_empty, protocol_error, protocol_error, "MQTT-4.7.3-1", "MQTT-4.7.3-1", "a Topic Filter is empty") \
  X(multi_level_wildcard_misplaced, protocol_error, protocol_error, "MQTT-4.7.1-1", "MQTT-4.7.1-2", "# is not alone in the last level of its Topic Filter") \
  X(single_level_wildcard_misplaced, protocol_error, protocol_error, "MQTT-4.7.1-2", "MQTT-4.7.1-3", "+ is not alone in its level of the Topic Filter") \
  X(share_name_empty, protocol_error, protocol_error, "MQTT-4.8.2-1", "", "the ShareName of a Shared Subscription is empty") \
  X(share_name_invalid, protocol_error, protocol_error, "MQTT-4.8.2-2", "", "a ShareName has a wildcard, or no Topic Filter follows it") \
  X(suback_reason_code, protocol_error, protocol_error, "MQTT-3.9.3-2 MQTT-3.8.4-7", "MQTT-3.9.3-2 MQTT-3.8.4-5", "the code is not one defined for SUBACK") \
  X(suback_without_reason_code, protocol_error, protocol_error, "", "", "SUBACK has no Reason Code") \
  X(unsubscribe_filter_not_utf8, malformed_packet, malformed_packet, "MQTT-3.10.3-1 MQTT-1.5.4-1", "MQTT-3.10.3-1 MQTT-1.5.3-1", "a Topic Filter of UNSUBSCRIBE is not a valid UTF-8 string") \
  X(unsubscribe_without_filter, protocol_error, protocol_error, "MQTT-3.10.3-2", "MQTT-3.10.3-2", "UNSUBSCRIBE has no Topic Filter") \
  X(unsuback_reason_code, protocol_error, protocol_error, "MQTT-3.11.3-2", "", "the code is not one defined for UNSUBACK") \
  X(unsuback_without_reason_code, protocol_error, protocol_error, "", "", "UNSUBACK has no Reason Code") \
  /* DISCONNECT, AUTH */ \
  X(disconnect_reason_code, protocol_error, protocol_error, "MQTT-3.14.2-1", "", "the code is not one that this side may send in DISCONNECT") \
  X(session_expiry_from_server, protocol_error, protocol_error, "MQTT-3.14.2-2", "", "a server's DISCONNECT has a Session Expiry Interval") \
  X(auth_reason_code, protocol_error, protocol_error, "MQTT-3.15.2-1", "", "the code is not one that this side may send in AUTH") \
  X(auth_without_method, protocol_error, protocol_error, "", "", "AUTH has no Authentication Method")

#define MQTK_FLOW_RULES(X) \
  X(first_packet_not_connect, protocol_error, protocol_error, "MQTT-3.1.0-1", "MQTT-3.1.0-1", "the first packet is not CONNECT") \
  X(second_connect, protocol_error, protocol_error, "MQTT-3.1.0-2", "MQTT-3.1.0-2", "a second CONNECT came") \
  X(packet_before_connack, protocol_error, protocol_error, "MQTT-3.2.0-1", "MQTT-3.2.0-1", "the server sent a packet before CONNACK") \
  X(second_connack, protocol_error, protocol_error, "MQTT-3.2.0-2", "", "a second CONNACK came") \
  X(packet_during_authentication, protocol_error, protocol_error, "MQTT-3.1.2-30", "", "the client sent more than AUTH or DISCONNECT before CONNACK") \
  X(packet_after_disconnect, protocol_error, protocol_error, "MQTT-3.14.4-1", "MQTT-3.14.4-2", "a packet follows DISCONNECT") \
  X(keep_alive_timeout, protocol_error, keep_alive_timeout, "MQTT-3.1.2-22 MQTT-3.1.2-20 MQTT-3.1.2-21 MQTT-3.2.2-21", "MQTT-3.1.2-24 MQTT-3.1.2-23", "nothing came within one and a half times the Keep Alive") \
  X(session_present_unexpected, protocol_error, protocol_error, "MQTT-3.2.2-4 MQTT-3.2.2-3", "MQTT-3.2.2-3", "Session Present is 1, but this client has no Session") \
  X(session_present_after_clean_start, protocol_error, protocol_error, "MQTT-3.2.2-2 MQTT-3.1.2-4", "MQTT-3.2.2-1", "Session Present is 1 although the client asked for a new Session") \
  X(client_identifier_not_assigned, protocol_error, protocol_error, "MQTT-3.2.2-16 MQTT-3.1.3-7", "", "the Client Identifier was empty, but CONNACK assigns none") \
  X(packet_too_large, protocol_error, packet_too_large, "MQTT-3.1.2-24 MQTT-3.2.2-15", "", "the packet is larger than the Maximum Packet Size of its receiver") \
  X(receive_maximum_exceeded, protocol_error, receive_maximum_exceeded, "MQTT-3.3.4-7 MQTT-3.3.4-9 MQTT-4.9.0-2 MQTT-4.9.0-1", "", "more QoS 1 and 2 messages are unacknowledged than the receiver's Receive Maximum") \
  X(maximum_qos_exceeded, protocol_error, qos_not_supported, "MQTT-3.2.2-11", "", "the QoS is above the server's Maximum QoS") \
  X(retain_not_available, protocol_error, retain_not_supported, "MQTT-3.2.2-14", "", "RETAIN is 1 although the server has no retained messages") \
  X(topic_alias_too_large, protocol_error, topic_alias_invalid, "MQTT-3.3.2-9 MQTT-3.3.2-11 MQTT-3.1.2-26 MQTT-3.1.2-27 MQTT-3.2.2-17 MQTT-3.2.2-18", "", "the Topic Alias is above the receiver's Topic Alias Maximum") \
  X(topic_alias_unknown, protocol_error, protocol_error, "", "", "the Topic Name is empty and the Topic Alias has no meaning yet") \
  X(packet_identifier_in_use, protocol_error, packet_identifier_in_use, "MQTT-2.2.1-3 MQTT-2.2.1-4 MQTT-4.3.2-1 MQTT-4.3.3-1", "MQTT-2.3.1-2 MQTT-2.3.1-4", "the Packet Identifier is still in use") \
  X(acknowledgement_unexpected, protocol_error, protocol_error, "MQTT-2.2.1-5", "MQTT-2.3.1-6", "an acknowledgement fits no packet in flight") \
  X(acknowledgement_wrong_type, protocol_error, protocol_error, "MQTT-3.3.4-1 MQTT-4.3.3-10", "MQTT-3.3.4-1 MQTT-4.3.2-2 MQTT-4.3.3-2", "the acknowledgement is not the one that the QoS asks for") \
  X(suback_unexpected, protocol_error, protocol_error, "MQTT-2.2.1-6 MQTT-3.8.4-2 MQTT-3.10.4-5", "MQTT-2.3.1-7 MQTT-3.8.4-2 MQTT-3.10.4-4", "SUBACK or UNSUBACK answers no packet in flight") \
  X(suback_count, protocol_error, protocol_error, "MQTT-3.8.4-6", "MQTT-3.8.4-5", "the number of Reason Codes is not the number of Topic Filters") \
  X(wildcard_not_available, protocol_error, wildcard_subscriptions_not_supported, "", "", "a filter has a wildcard although the server has no wildcard subscriptions") \
  X(shared_not_available, protocol_error, shared_subscriptions_not_supported, "", "", "a filter is shared although the server has no Shared Subscriptions") \
  X(subscription_identifier_not_available, protocol_error, subscription_identifiers_not_supported, "", "", "a Subscription Identifier was sent although the server has none") \
  X(session_expiry_raised, protocol_error, protocol_error, "", "", "DISCONNECT sets a Session Expiry Interval although CONNECT had 0") \
  X(auth_not_agreed, protocol_error, protocol_error, "MQTT-4.12.0-7 MQTT-4.12.0-6", "", "AUTH came although CONNECT had no Authentication Method") \
  X(authentication_method_changed, protocol_error, bad_authentication_method, "MQTT-4.12.0-5 MQTT-4.12.1-1", "", "the Authentication Method is not that of CONNECT") \
  X(response_information_unrequested, protocol_error, protocol_error, "MQTT-3.1.2-28", "", "CONNACK has Response Information that nobody asked for") \
  X(problem_information_unrequested, protocol_error, protocol_error, "MQTT-3.1.2-29", "", "a Reason String or User Property came although the client asked for none") \
  X(pingresp_unexpected, protocol_error, protocol_error, "", "", "PINGRESP answers no PINGREQ") \
  X(disconnect_before_connack, protocol_error, protocol_error, "MQTT-3.14.0-1", "", "the server sent DISCONNECT before CONNACK") \
  X(connect_timeout, protocol_error, protocol_error, "", "", "no CONNECT came in time") \
  X(connack_timeout, protocol_error, protocol_error, "", "", "no CONNACK came in time") \
  X(pingresp_timeout, protocol_error, keep_alive_timeout, "", "", "no PINGRESP came in time") \
  X(not_connected, protocol_error, protocol_error, "", "", "the packet cannot be sent: the connection is not open")

// Shown by the flow of a connection, and met by nobody who plays one side of it: only who watches both sides, or several
// connections, can tell.
#define MQTK_OBSERVER_RULES(X) \
  X(packet_after_refusal, protocol_error, protocol_error, "MQTT-3.2.2-7 MQTT-4.12.0-4 MQTT-4.13.2-1", "MQTT-3.2.2-5", "a packet follows a CONNACK that refuses the connection") \
  X(session_not_taken_over, protocol_error, session_taken_over, "MQTT-3.1.4-3", "MQTT-3.1.4-2", "the server goes on with a connection whose Client Identifier has connected anew") \
  X(redelivery_without_dup, protocol_error, protocol_error, "MQTT-3.3.1-1", "MQTT-3.3.1-1", "a PUBLISH is sent again with DUP 0") \
  X(dup_on_first_delivery, protocol_error, protocol_error, "MQTT-4.3.2-2 MQTT-4.3.3-2 MQTT-3.3.1-3", "MQTT-3.3.1-3 MQTT-4.3.2-1 MQTT-4.3.3-1", "a PUBLISH that was not sent before has DUP 1") \
  X(redelivery_without_reconnect, protocol_error, protocol_error, "MQTT-4.4.0-1", "", "a PUBLISH is sent again on the connection on which it was sent first") \
  X(publish_after_pubrel, protocol_error, protocol_error, "MQTT-4.3.3-6", "MQTT-4.3.3-1", "a PUBLISH is sent again after its PUBREL") \
  X(publish_without_subscription, protocol_error, protocol_error, "MQTT-3.3.2-3 MQTT-4.7.2-1", "MQTT-3.3.2-3 MQTT-4.7.2-1", "the client has no subscription that matches the Topic Name") \
  X(delivery_qos_above_granted, protocol_error, protocol_error, "MQTT-3.8.4-8 MQTT-4.8.2-3", "MQTT-3.8.4-6", "the QoS is above that granted to each matching subscription") \
  X(granted_qos_above_requested, protocol_error, protocol_error, "", "", "the QoS granted is above the one requested") \
  X(puback_out_of_order, protocol_error, protocol_error, "MQTT-4.6.0-2", "MQTT-4.6.0-2", "the client's PUBACK is not for the oldest QoS 1 message that it has not acknowledged") \
  X(pubrec_out_of_order, protocol_error, protocol_error, "MQTT-4.6.0-3", "MQTT-4.6.0-3", "the client's PUBREC is not for the oldest QoS 2 message that it has not acknowledged") \
  X(pubrel_out_of_order, protocol_error, protocol_error, "MQTT-4.6.0-4", "MQTT-4.6.0-4", "the client's PUBREL is not for the oldest PUBREC that it has not answered") \
  X(websocket_text_frame, protocol_error, protocol_error, "MQTT-6.0.0-1", "MQTT-6.0.0-1", "a WebSocket frame with data is not binary") \
  X(websocket_protocol_not_offered, protocol_error, protocol_error, "MQTT-6.0.0-3", "MQTT-6.0.0-3", "the client does not offer the WebSocket subprotocol mqtt") \
  X(websocket_protocol_not_selected, protocol_error, protocol_error, "MQTT-6.0.0-4", "MQTT-6.0.0-4", "the server does not select the WebSocket subprotocol mqtt") \
  X(retained_unwanted, protocol_error, protocol_error, "MQTT-3.3.1-11", "", "a retained message came although Retain Handling is 2 in each matching subscription") \
  X(request_unanswered, protocol_error, protocol_error, "MQTT-3.8.4-1 MQTT-3.10.4-4 MQTT-3.12.4-1 MQTT-4.12.1-2", "MQTT-3.8.4-1 MQTT-3.10.4-4 MQTT-3.10.4-5 MQTT-3.12.4-1", "the server never answered a SUBSCRIBE, UNSUBSCRIBE, PINGREQ or AUTH, though it sent other packets long after it") \
  X(redelivery_out_of_order, protocol_error, protocol_error, "MQTT-4.6.0-1", "MQTT-4.6.0-1", "the client sends PUBLISH packets again in another order than the first time") \
  X(authentication_not_continued, protocol_error, protocol_error, "MQTT-4.12.0-2 MQTT-4.12.0-3", "", "an AUTH before CONNACK has another Reason Code than Continue authentication") \
  X(problem_information_too_large, protocol_error, packet_too_large, "MQTT-3.2.2-19 MQTT-3.2.2-20 MQTT-3.4.2-2 MQTT-3.4.2-3 MQTT-3.5.2-2 MQTT-3.5.2-3 MQTT-3.6.2-2 MQTT-3.6.2-3 MQTT-3.7.2-2 MQTT-3.7.2-3 MQTT-3.9.2-1 MQTT-3.9.2-2 MQTT-3.11.2-1 MQTT-3.11.2-2 MQTT-3.14.2-3 MQTT-3.14.2-4 MQTT-3.15.2-2 MQTT-3.15.2-3", "", "a Reason String or User Property makes the packet larger than its receiver takes") \
  X(refused_publish_sent_again, protocol_error, protocol_error, "MQTT-4.4.0-2", "", "a PUBLISH is sent again although its receiver has refused it") \
  X(redelivery_with_new_identifier, protocol_error, protocol_error, "MQTT-4.4.0-1", "MQTT-2.3.1-3", "a PUBLISH is sent again with another Packet Identifier") \
  X(unknown_alias_accepted, protocol_error, protocol_error, "MQTT-3.3.2-7", "", "the receiver takes a PUBLISH whose Topic Alias has no meaning on this connection") \
  X(connection_kept_after_disconnect, protocol_error, protocol_error, "MQTT-3.14.4-2", "MQTT-3.14.4-1", "who sent DISCONNECT did not close the connection") \
  X(session_lost, advice, success, "MQTT-3.1.2-5 MQTT-3.2.2-3", "MQTT-3.2.2-2 MQTT-3.1.2-4", "the server has no Session, though that of the earlier connection had not ended") \
  X(message_not_sent_again, advice, success, "MQTT-4.4.0-1", "MQTT-4.4.0-1", "a message in flight was not sent again when its Session went on, though its sender sent other packets long after") \
  X(violation_tolerated, advice, success, "MQTT-4.13.1-1", "MQTT-4.8.0-1", "a connection goes on long after a packet for which its receiver should have closed it") \
  X(message_unacknowledged, advice, success, "MQTT-4.5.0-2 MQTT-4.3.2-4 MQTT-4.3.3-4 MQTT-4.3.3-8 MQTT-4.3.3-11", "MQTT-4.5.0-2", "a QoS 1 or 2 message was never acknowledged, though its receiver sent other packets long after it") \
  X(keep_alive_stretched, advice, success, "", "", "nothing came from the client for longer than the Keep Alive, though not for one and a half times") \
  X(reconnect_loop, advice, success, "", "", "a client connects again and again") \
  X(filter_repeated, advice, success, "", "", "a SUBSCRIBE names the same Topic Filter more than once")
// clang-format on
