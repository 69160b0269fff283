# SPDX-License-Identifier: GPL-2.0-only
#
# Of Debian's packages of Xen, the hypervisor alone, without the tools and what
# it takes to build them.  Run in the source package, by build-deb; the steps
# are those of debian/rules, which has the variables and templates.

include debian/rules

PACKAGE := xen-hypervisor-$(upstream_version)-$(flavour)

.PHONY: hypervisor
hypervisor: $(TEMPLATED_FILES)
	cp debian/xen-kconfig xen/.config
	$(MAKE) -C xen olddefconfig $(make_args_xen)
	$(MAKE) $(make_args_xen) xen
	$(MAKE) $(make_args_xen) DESTDIR=$t install-xen
	find "$t"/usr/lib*/efi -mindepth 1 -maxdepth 1 -print0 | \
		xargs -r -0 mv -t "$t/boot"
	debian/shuffle-boot-files $(upstream_version) $(flavour)
	for step in installdocs installchangelogs bugfiles compress fixperms \
	            installdeb gencontrol md5sums builddeb; do \
		dh_$$step -p$(PACKAGE) || exit; \
	done
