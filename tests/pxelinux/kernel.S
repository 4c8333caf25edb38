# A Linux kernel of two sectors that writes its command line to the first serial port, between [ and ], and ends QEMU
# (isa-debug-exit at 0xf4). Documentation/arch/x86/boot.rst: protocol 2.06, real mode: from there on a
# kernel says how long a command line it takes.
    .code16
    .org 0
    .org 0x1f1
    .byte 1                     # setup_sects
    .word 0
    .long 32                    # syssize, in paragraphs
    .word 0, 0, 0
    .word 0xaa55
    .byte 0xeb, start - . - 1   # 0x200: jump
    .ascii "HdrS"
    .word 0x0206
    .long 0
    .word 0, 0
    .byte 0
    .byte 1                     # loadflags: high
    .word 0
    .long 0x100000
    .long 0, 0, 0
    .word 0, 0
    .long 0                     # 0x228: cmd_line_ptr
    .long 0x37ffffff            # initrd_addr_max
    .long 0                     # 0x230: kernel_alignment
    .long 0
    .long 2047                  # 0x238: cmdline_size
start:
    cli
    movl %ds:0x228, %eax
    movl %eax, %ebx
    shrl $4, %eax
    movw %ax, %es
    andw $15, %bx
    movw $0x3f8, %dx
    movb $'[', %al
    outb %al, %dx
1:  movb %es:(%bx), %al
    testb %al, %al
    jz 2f
    outb %al, %dx
    incw %bx
    jmp 1b
2:  movb $']', %al
    outb %al, %dx
    movw $0xf4, %dx
    movb $1, %al
    outb %al, %dx
3:  hlt
    jmp 3b
    .org 1024
    .space 512
