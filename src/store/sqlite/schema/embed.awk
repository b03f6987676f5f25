# Writes the numbered migrations NNN_*.sql into one C file.
BEGIN {
	print "/* Made from schema/NNN_*.sql. */"
	print "#include \"store/sqlite/sq_migrate.h\""
	print "const struct sq_migration sq_migrations[] = {"
}
FNR == 1 {
	if (NR > 1)
		print "\t},"
	name = FILENAME
	sub(/^.*\//, "", name)
	printf "\t{ %d,\n", substr(name, 1, 3)
}
/^--/ { next }
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	printf "\t    \"%s\\n\"\n", $0
}
END {
	print "\t},"
	print "\t{ 0, 0 },"
	print "};"
}
