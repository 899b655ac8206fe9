// SPDX-License-Identifier: Apache-2.0
/* The names of DNS's numbers, as IANA registers them. */
#include <stdio.h>

#include "message.h"

static const struct {
	uint16_t type;
	const char *name;
} types[] = {
	{ 1, "A" },	    { 2, "NS" },      { 5, "CNAME" },	{ 6, "SOA" },	  { 12, "PTR" },   { 13, "HINFO" },
	{ 15, "MX" },	    { 16, "TXT" },    { 17, "RP" },	{ 18, "AFSDB" },  { 24, "SIG" },   { 25, "KEY" },
	{ 28, "AAAA" },	    { 29, "LOC" },    { 33, "SRV" },	{ 35, "NAPTR" },  { 36, "KX" },	   { 37, "CERT" },
	{ 39, "DNAME" },    { 41, "OPT" },    { 42, "APL" },	{ 43, "DS" },	  { 44, "SSHFP" }, { 45, "IPSECKEY" },
	{ 46, "RRSIG" },    { 47, "NSEC" },   { 48, "DNSKEY" }, { 49, "DHCID" },  { 50, "NSEC3" }, { 51, "NSEC3PARAM" },
	{ 52, "TLSA" },	    { 53, "SMIMEA" }, { 55, "HIP" },	{ 59, "CDS" },	  { 60, "CDNSKEY" },
	{ 61, "OPENPGPKEY" }, { 62, "CSYNC" }, { 63, "ZONEMD" }, { 64, "SVCB" },  { 65, "HTTPS" }, { 99, "SPF" },
	{ 108, "EUI48" },   { 109, "EUI64" }, { 249, "TKEY" },	{ 250, "TSIG" },  { 251, "IXFR" }, { 252, "AXFR" },
	{ 255, "ANY" },	    { 256, "URI" },   { 257, "CAA" },
};

static const char *const rcodes[] = { "NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",	 "REFUSED", "YXDOMAIN",
				      "YXRRSET",  "NXRRSET", "NOTAUTH",	 "NOTZONE",  "DSOTYPENI", NULL,	    NULL,
				      NULL,	  NULL,	     "BADVERS",	 "BADKEY",   "BADTIME",	 "BADMODE", "BADNAME",
				      "BADALG",	  "BADTRUNC", "BADCOOKIE" };

static const char *const opcodes[] = { "QUERY", "IQUERY", "STATUS", NULL, "NOTIFY", "UPDATE", "DSO" };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

const char *dns_type_text(uint16_t type, char room[16])
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i].type == type)
			return types[i].name;
	snprintf(room, 16, "TYPE%u", type);
	return room;
}

const char *dns_class_text(uint16_t class, char room[16])
{
	switch (class) {
	case 1:
		return "IN";
	case 3:
		return "CH";
	case 4:
		return "HS";
	case 254:
		return "NONE";
	case 255:
		return "ANY";
	}
	snprintf(room, 16, "CLASS%u", class);
	return room;
}

const char *dns_rcode_text(uint16_t rcode, char room[16])
{
	if (rcode < COUNT(rcodes) && rcodes[rcode])
		return rcodes[rcode];
	snprintf(room, 16, "RCODE%u", rcode);
	return room;
}

const char *dns_opcode_text(uint8_t opcode, char room[16])
{
	if (opcode < COUNT(opcodes) && opcodes[opcode])
		return opcodes[opcode];
	snprintf(room, 16, "OPCODE%u", opcode);
	return room;
}
